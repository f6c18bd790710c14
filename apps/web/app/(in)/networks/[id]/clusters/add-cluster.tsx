'use client';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { useRouter } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { CallFailure, call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { ClusterFields, type ClusterValue } from '../../../../../ui/cluster-fields.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { Notice } from '../../../../../ui/notice.tsx';

export function AddCluster({
  networkId,
  open,
  onOpenChange,
  accounts,
  providers,
  taken,
}: {
  networkId: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  accounts: readonly CloudAccount[];
  providers: readonly ProviderInfo[];
  taken: readonly string[];
}) {
  const router = useRouter();
  const [value, setValue] = useState<ClusterValue>(() => ({
    name: '',
    cloudAccountId: accounts[0]?.id ?? null,
    region: providers.find((one) => one.id === accounts[0]?.provider)?.regions[0]?.id ?? 'office',
    nodes: accounts[0] ? 2 : 0,
  }));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const operation = await call('POST', `/networks/${networkId}/clusters`, Operation, value);
      router.push(`/operations/${operation.id}`);
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  }

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Add a cluster"
      lead="Only the gateways of the other clusters hear of it."
    >
      <form onSubmit={submit} className="space-y-5">
        <ClusterFields
          value={value}
          accounts={accounts}
          providers={providers}
          problemOf={(field) => {
            if (field === 'name' && taken.includes(value.name)) return 'Another cluster has this name';
            return failure instanceof CallFailure ? failure.of(field) : undefined;
          }}
          onChange={(change) => setValue({ ...value, ...change })}
        />
        {failure instanceof Error && <Notice tone="bad">{failure.message}</Notice>}
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={busy}
            disabled={value.name === '' || taken.includes(value.name)}
          >
            Add the cluster
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
