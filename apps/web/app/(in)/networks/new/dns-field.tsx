'use client';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { SelectField } from '../../../../ui/field.tsx';

/** @param value undefined for what is usual, null for no public zone at all. */
export function DnsField({
  accounts,
  value,
  problem,
  onChange,
}: {
  accounts: readonly CloudAccount[];
  value: string | null | undefined;
  problem: string | undefined;
  onChange: (value: string | null | undefined) => void;
}) {
  return (
    <SelectField
      label="Public zone"
      help="Each cluster’s private zone is in its own cloud"
      problem={problem}
      value={value === undefined ? 'usual' : (value ?? 'none')}
      onChange={({ target }) =>
        onChange(target.value === 'usual' ? undefined : target.value === 'none' ? null : target.value)
      }
    >
      <option value="usual">In the first cluster’s account</option>
      {accounts.map((account) => (
        <option key={account.id} value={account.id}>
          {account.name}
        </option>
      ))}
      <option value="none">None: names answer inside only</option>
    </SelectField>
  );
}
