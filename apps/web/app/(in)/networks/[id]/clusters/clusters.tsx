'use client';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Button } from '../../../../../ui/button.tsx';
import { LabelsField } from '../../../../../ui/labels-field.tsx';
import { Mono, Section } from '../../../../../ui/page.tsx';
import { PlannedRemoval } from '../../../../../ui/plan/planned-removal.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { plural, providerName } from '../../../../../ui/words.ts';
import { AddCluster } from './add-cluster.tsx';
import { AddNode } from './add-node.tsx';
import { JoinTokenList } from './join-tokens.tsx';
import { Kubernetes } from './kubernetes.tsx';
import { RangeList } from './ranges.tsx';

const ClusterPage = pageOf(Cluster);

export function Clusters({
  networkId,
  initial,
  accounts,
  providers,
}: {
  networkId: string;
  initial: z.infer<typeof ClusterPage>;
  accounts: CloudAccount[];
  providers: ProviderInfo[];
}) {
  const { data } = useLoaded(`/networks/${networkId}/clusters`, ClusterPage, initial, 5);
  const [adding, setAdding] = useState(false);
  const [growing, setGrowing] = useState<Cluster | null>(null);

  return (
    <Section
      title="Clusters"
      lead="Each has a range of its own and at least one gateway; the gateways hold tunnels to each other."
      actions={
        <Button look="primary" onClick={() => setAdding(true)}>
          <Plus size={16} aria-hidden /> Add a cluster
        </Button>
      }
    >
      <ul className="space-y-4">
        {data.items.map((cluster) => (
          <li key={cluster.id} className="rounded-lg border border-line bg-raised p-5">
            <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
              <div className="min-w-0">
                <h3 className="flex flex-wrap items-center gap-3 text-lg font-semibold tracking-tight">
                  {cluster.name}
                  <Status state={cluster.state} />
                </h3>
                <p className="mt-0.5 text-sm text-quiet">
                  {providerName(cluster.provider)}, {cluster.region}
                  {cluster.kubernetes && `, ${kubernetesWords(cluster.kubernetes)}`}
                </p>
              </div>
              <div className="flex gap-2">
                <Button onClick={() => setGrowing(cluster)} disabled={cluster.state === 'deleting'}>
                  <Plus size={15} aria-hidden /> Add nodes
                </Button>
                <PlannedRemoval
                  trigger="Remove"
                  label={`Remove ${cluster.name}`}
                  title={`Remove ${cluster.name}?`}
                  action="Remove the cluster"
                  typed={cluster.name}
                  networkId={networkId}
                  change={{ change: 'remove-cluster', clusterId: cluster.id }}
                  path={`/clusters/${cluster.id}`}
                >
                  Its {plural(cluster.peers.expected, 'peer')} leave the network, and what Skein made for it
                  in the cloud is removed. This cannot be undone.
                </PlannedRemoval>
              </div>
            </div>
            <dl className="mt-4 flex flex-wrap gap-x-10 gap-y-2 text-sm">
              <Fact label="Peers">
                {cluster.peers.connected} of {cluster.peers.expected} connected
              </Fact>
              <Fact label="Overlay range">
                <Mono>{cluster.overlayCidr}</Mono>
              </Fact>
              <Fact label="Cloud network">
                {cluster.vpcCidr ? <Mono>{cluster.vpcCidr}</Mono> : 'not made by Skein'}
                {cluster.existingNetwork && ` of ${cluster.existingNetwork.networkId}, not Skein’s`}
              </Fact>
              <Fact label="Labels">
                <LabelsField path={`/clusters/${cluster.id}`} of={cluster.name} labels={cluster.labels} />
              </Fact>
              {cluster.kubernetes?.podCidr && (
                <Fact label="Pods">
                  <Mono>{cluster.kubernetes.podCidr}</Mono>
                </Fact>
              )}
              {cluster.kubernetes?.serviceCidr && (
                <Fact label="Services">
                  <Mono>{cluster.kubernetes.serviceCidr}</Mono>
                </Fact>
              )}
              {cluster.nodeIdentity && (
                <Fact label="Node identity">
                  <Mono>{cluster.nodeIdentity}</Mono>
                </Fact>
              )}
            </dl>
            {cluster.kubernetes && <Kubernetes cluster={cluster} />}
            <RangeList cluster={cluster} />
            <JoinTokenList cluster={cluster} />
          </li>
        ))}
      </ul>
      <AddCluster
        networkId={networkId}
        open={adding}
        onOpenChange={setAdding}
        accounts={accounts}
        providers={providers}
        taken={data.items.map((one) => one.name)}
      />
      <AddNode cluster={growing} onClose={() => setGrowing(null)} />
    </Section>
  );
}

function kubernetesWords({ distribution, version }: ClusterKubernetes): string {
  return distribution === 'k3s' ? `k3s ${version}` : 'a Kubernetes cluster of its own';
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-faint">{label}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}
