'use client';
/** Topology, open ports, peering and what is done about drift: edited together, planned, then changed. */
import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { Cluster, Network, NetworkChange } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import Link from 'next/link';
import { useState } from 'react';
import { call } from '../../../../fetch/call.ts';
import { Button } from '../../../../ui/button.tsx';
import { Panel, Section } from '../../../../ui/page.tsx';
import { PlanDialog } from '../../../../ui/plan/plan-dialog.tsx';
import { DriftPolicyField, PeeringField } from '../../../../ui/policy-fields.tsx';
import { PortEditor } from '../../../../ui/port-editor.tsx';
import { TopologyField } from '../../../../ui/topology-field.tsx';

const same = (a: readonly AllowedPort[], b: readonly AllowedPort[]) => textOf(a) === textOf(b);
const textOf = (ports: readonly AllowedPort[]) =>
  ports
    .map((one) => `${one.protocol} ${one.port}`)
    .sort()
    .join();

export function Settings({ network, clusters }: { network: Network; clusters: readonly Cluster[] }) {
  const [edited, setEdited] = useState<NetworkChange>({});
  const [planning, setPlanning] = useState(false);
  const { allowedPorts = network.allowedPorts ?? [], peering = network.peering } = edited;
  const { driftPolicy = network.driftPolicy } = edited;
  const { topology = network.topology, hubClusterId = network.hubClusterId } = edited;
  const change: NetworkChange = {
    ...(network.allowedPorts !== null && !same(allowedPorts, network.allowedPorts) && { allowedPorts }),
    ...(peering !== network.peering && { peering }),
    ...(driftPolicy !== network.driftPolicy && { driftPolicy }),
    ...(topology !== network.topology && { topology }),
    ...(topology === 'hub' && hubClusterId !== network.hubClusterId && { hubClusterId }),
  };
  const dirty = Object.keys(change).length > 0;
  const set = (part: NetworkChange) => setEdited({ ...edited, ...part });
  return (
    <Section
      title="Settings"
      lead={
        network.allowedPorts === null
          ? 'What clusters may begin with each other is said by the rules of the policy.'
          : 'Ping is always open between clusters. Everything else from another cluster is refused, but for these ports.'
      }
    >
      <Panel className="space-y-6">
        {network.allowedPorts === null ? (
          <p>
            <Link href={`/networks/${network.id}/policy`} className="text-accent hover:underline">
              See the policy
            </Link>
          </p>
        ) : (
          <PortEditor ports={allowedPorts} onChange={(ports) => set({ allowedPorts: ports })} />
        )}
        <div className="grid gap-4 border-t border-line pt-5 sm:grid-cols-2">
          <TopologyField
            value={topology}
            hub={hubClusterId}
            clusters={clusters.map(({ id, name }) => ({ value: id, name }))}
            onChange={(value, hub) => set({ topology: value, hubClusterId: hub })}
          />
          <PeeringField value={peering} onChange={(value) => set({ peering: value })} />
          <DriftPolicyField value={driftPolicy} onChange={(value) => set({ driftPolicy: value })} />
        </div>
        {dirty && (
          <div className="flex gap-2">
            <Button look="primary" onClick={() => setPlanning(true)}>
              Show the plan
            </Button>
            <Button look="quiet" onClick={() => setEdited({})}>
              Undo
            </Button>
          </div>
        )}
      </Panel>
      <PlanDialog
        title={`Change the settings of ${network.name}`}
        onClose={() => setPlanning(false)}
        asked={
          planning && dirty
            ? {
                networkId: network.id,
                change: { change: 'settings', ...change },
                action: 'Change it so',
                apply: (planHash) =>
                  call('PATCH', `/networks/${network.id}`, Operation, { ...change, planHash }),
              }
            : null
        }
      />
    </Section>
  );
}
