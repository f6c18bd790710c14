'use client';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { NewCluster } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { ClusterFields, type ClusterValue, clusterWish, NO_MORE } from '../../../../../ui/cluster-fields.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { PlanDialog } from '../../../../../ui/plan/plan-dialog.tsx';

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
  const first = accounts.find((one) =>
    providers.some((provider) => provider.id === one.provider && provider.regions.length > 0),
  );
  const [value, setValue] = useState<ClusterValue>(() => ({
    name: '',
    cloudAccountId: first?.id ?? null,
    region: providers.find((one) => one.id === first?.provider)?.regions[0]?.id ?? 'office',
    nodes: first ? 2 : 0,
    ...NO_MORE,
  }));
  const [planning, setPlanning] = useState(false);
  const [tried, setTried] = useState(false);
  const wish = clusterWish(value);
  const issues = NewCluster.safeParse(wish).error?.issues ?? [];

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    setPlanning(issues.length === 0);
  }
  const problemOf = (field: string) => {
    if (field === 'name' && taken.includes(value.name)) return 'Another cluster has this name';
    return tried ? issues.find((issue) => issue.path.join('.') === field)?.message : undefined;
  };

  return (
    <>
      <Dialog
        open={open && !planning}
        onOpenChange={onOpenChange}
        title="Add a cluster"
        lead="Only the gateways of the other clusters hear of it."
      >
        <form onSubmit={submit} className="space-y-5" noValidate>
          <ClusterFields
            value={value}
            accounts={accounts}
            providers={providers}
            problemOf={problemOf}
            onChange={(change) => setValue({ ...value, ...change })}
          />
          <div className="flex justify-end gap-2">
            <Button onClick={() => onOpenChange(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={value.name === '' || taken.includes(value.name)}>
              Show the plan
            </Button>
          </div>
        </form>
      </Dialog>
      <PlanDialog
        title={`Add the cluster ${value.name}`}
        onClose={() => setPlanning(false)}
        asked={
          open && planning
            ? {
                networkId,
                change: { change: 'add-cluster', ...wish },
                action: 'Add the cluster',
                apply: (planHash) =>
                  call('POST', `/networks/${networkId}/clusters`, Operation, { ...wish, planHash }),
              }
            : null
        }
      />
    </>
  );
}
