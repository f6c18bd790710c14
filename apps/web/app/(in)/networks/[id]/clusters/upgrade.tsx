'use client';
import { K3sVersion } from '@skein/contract/rest/kubernetes.ts';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import { type FormEvent, useState } from 'react';
import { call } from '../../../../../fetch/call.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Dialog } from '../../../../../ui/dialog.tsx';
import { TextField } from '../../../../../ui/field.tsx';
import { PlanDialog } from '../../../../../ui/plan/plan-dialog.tsx';

/** Another release of k3s, planned before it is made. */
export function Upgrade({ cluster, version }: { cluster: Cluster; version: string }) {
  const [open, setOpen] = useState(false);
  const [planning, setPlanning] = useState(false);
  const [wished, setWished] = useState(version);
  const [tried, setTried] = useState(false);
  const problem = K3sVersion.safeParse(wished).error?.issues[0]?.message;

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    setPlanning(problem === undefined);
  }
  return (
    <>
      <Button onClick={() => setOpen(true)} disabled={cluster.state !== 'ready'}>
        Upgrade
      </Button>
      <Dialog
        open={open && !planning}
        onOpenChange={setOpen}
        title={`Upgrade ${cluster.name}`}
        lead="One node after the other: its pods move, it gets the release, and pods may come back."
      >
        <form onSubmit={submit} className="space-y-5" noValidate>
          <TextField
            label="k3s release"
            help="At most one minor release newer, as Kubernetes allows"
            value={wished}
            problem={tried ? problem : undefined}
            onChange={(event) => setWished(event.target.value)}
          />
          <div className="flex justify-end gap-2">
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={wished === version}>
              Show the plan
            </Button>
          </div>
        </form>
      </Dialog>
      <PlanDialog
        title={`Put ${wished} on ${cluster.name}`}
        onClose={() => setPlanning(false)}
        asked={
          open && planning
            ? {
                networkId: cluster.networkId,
                change: { change: 'upgrade-kubernetes', clusterId: cluster.id, version: wished },
                action: 'Upgrade',
                apply: (planHash) =>
                  call('POST', `/clusters/${cluster.id}/kubernetes/upgrade`, Operation, {
                    version: wished,
                    planHash,
                  }),
              }
            : null
        }
      />
    </>
  );
}
