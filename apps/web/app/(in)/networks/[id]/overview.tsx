'use client';
import { Cluster, Network } from '@skein/contract/rest/network.ts';
import { OperationSummary } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ArrowRight, Trash2 } from 'lucide-react';
import Link from 'next/link';
import type { z } from 'zod';
import { useLoaded } from '../../../../fetch/use-loaded.ts';
import { Figure, Figures, Mono, Panel, Section } from '../../../../ui/page.tsx';
import { PlannedRemoval } from '../../../../ui/plan/planned-removal.tsx';
import { Status, StatusIcon } from '../../../../ui/status.tsx';
import { Ago, Duration } from '../../../../ui/time.tsx';
import { plural, providerName } from '../../../../ui/words.ts';
import { Settings } from './settings.tsx';

const Clusters = pageOf(Cluster);
const Operations = pageOf(OperationSummary);

export function Overview(initial: {
  network: Network;
  clusters: z.infer<typeof Clusters>;
  operations: z.infer<typeof Operations>;
}) {
  const id = initial.network.id;
  const { data: network } = useLoaded(`/networks/${id}`, Network, initial.network, 5);
  const { data: clusters } = useLoaded(`/networks/${id}/clusters`, Clusters, initial.clusters, 5);
  const { data: operations } = useLoaded(
    `/operations?networkId=${id}&limit=1`,
    Operations,
    initial.operations,
    5,
  );
  const last = operations.items[0];

  return (
    <>
      <div className="mb-9">
        <Figures>
          <Figure
            label="Peers connected"
            value={`${network.peers.connected} of ${network.peers.expected}`}
            note={network.peers.connected < network.peers.expected ? 'waiting for the others' : 'all of them'}
          />
          <Figure label="Clusters" value={network.clusters} note={`${network.topology} topology`} />
          <Figure label="Overlay range" value={<Mono>{network.cidr}</Mono>} note="IPv4 addresses" />
          <Figure
            label="Map revision"
            value={network.revision}
            note={
              <>
                made <Ago at={network.createdAt} />
              </>
            }
          />
        </Figures>
      </div>

      {last && (
        <Section title="Last operation">
          <Link
            href={`/operations/${last.id}`}
            className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-line bg-raised px-5 py-4 hover:border-line-strong"
          >
            <StatusIcon state={last.state} />
            <span className="min-w-0 flex-1 basis-48 font-medium">{last.title}</span>
            <span className="text-sm text-quiet">
              {last.steps.succeeded} of {plural(last.steps.total, 'step')}
              {last.steps.failed > 0 && `, ${last.steps.failed} failed`}
            </span>
            <span className="text-sm text-quiet">
              <Duration from={last.startedAt} to={last.finishedAt} />
            </span>
            <ArrowRight size={16} className="text-faint" aria-hidden />
          </Link>
        </Section>
      )}

      <Section title="Clusters">
        <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {clusters.items.map((cluster) => (
            <li key={cluster.id} className="rounded-lg border border-line bg-raised p-4">
              <div className="flex items-start justify-between gap-3">
                <p className="min-w-0 truncate font-semibold">{cluster.name}</p>
                <Status state={cluster.state} bare />
              </div>
              <p className="mt-0.5 truncate text-sm text-quiet">
                {providerName(cluster.provider)} · {cluster.region}
              </p>
              <p className="mt-4 flex justify-between gap-3 text-sm text-quiet">
                <span>
                  {cluster.peers.connected} of {plural(cluster.peers.expected, 'peer')}
                </span>
                <Mono>{cluster.overlayCidr}</Mono>
              </p>
            </li>
          ))}
        </ul>
      </Section>

      <Settings network={network} clusters={clusters.items} />

      <Section title="Delete this network">
        <Panel className="flex flex-wrap items-center justify-between gap-4">
          <p className="max-w-[58ch] text-sm text-quiet">
            Ends its nodes and removes everything that Skein made for it in the clouds. Nothing else is
            touched.
          </p>
          <PlannedRemoval
            trigger={
              <>
                <Trash2 size={15} aria-hidden /> Delete
              </>
            }
            title={`Delete ${network.name}?`}
            action="Delete the network"
            typed={network.name}
            networkId={id}
            change={{ change: 'delete' }}
            path={`/networks/${id}`}
          >
            {plural(network.clusters, 'cluster')} with {plural(network.peers.expected, 'peer')} will be gone.
            This cannot be undone.
          </PlannedRemoval>
        </Panel>
      </Section>
    </>
  );
}
