'use client';
/** What one cluster shall be: for the wizard and for adding one later. */
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { SelectField, TextField } from './field.tsx';

export interface ClusterValue {
  name: string;
  cloudAccountId: string | null;
  region: string;
  nodes: number;
}

export function ClusterFields({
  value,
  accounts,
  providers,
  problemOf,
  onChange,
}: {
  value: ClusterValue;
  accounts: readonly CloudAccount[];
  providers: readonly ProviderInfo[];
  problemOf: (field: keyof ClusterValue) => string | undefined;
  onChange: (change: Partial<ClusterValue>) => void;
}) {
  const regionsOf = (accountId: string | null) => {
    const provider = accounts.find((one) => one.id === accountId)?.provider;
    return providers.find((one) => one.id === provider)?.regions ?? [];
  };
  const regions = regionsOf(value.cloudAccountId);
  function chooseAccount(chosen: string) {
    const cloudAccountId = chosen === '' ? null : chosen;
    const region = regionsOf(cloudAccountId)[0]?.id ?? 'office';
    onChange({ cloudAccountId, region, nodes: cloudAccountId === null ? 0 : value.nodes || 2 });
  }
  return (
    <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-[1fr_1.1fr_1.1fr_6rem]">
      <TextField
        label="Cluster"
        value={value.name}
        problem={problemOf('name')}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <SelectField
        label="Made in"
        value={value.cloudAccountId ?? ''}
        problem={problemOf('cloudAccountId')}
        onChange={(event) => chooseAccount(event.target.value)}
      >
        {accounts.map((account) => (
          <option key={account.id} value={account.id}>
            {account.name}
          </option>
        ))}
        <option value="">Plain hosts (one-liner)</option>
      </SelectField>
      {regions.length > 0 ? (
        <SelectField
          label="Region"
          value={value.region}
          problem={problemOf('region')}
          onChange={(event) => onChange({ region: event.target.value })}
        >
          {regions.map((region) => (
            <option key={region.id} value={region.id}>
              {region.id} · {region.title}
            </option>
          ))}
        </SelectField>
      ) : (
        <TextField
          label="Place"
          value={value.region}
          problem={problemOf('region')}
          onChange={(event) => onChange({ region: event.target.value })}
        />
      )}
      <TextField
        label="Nodes"
        type="number"
        min={0}
        max={50}
        disabled={value.cloudAccountId === null}
        value={value.nodes}
        problem={problemOf('nodes')}
        onChange={(event) => onChange({ nodes: Number(event.target.value) })}
      />
    </div>
  );
}
