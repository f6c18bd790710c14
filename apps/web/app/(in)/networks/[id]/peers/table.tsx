'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Peer } from '@skein/contract/rest/peer.ts';
import { Server } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import { call } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Button, ButtonLink } from '../../../../../ui/button.tsx';
import { LabelsField } from '../../../../../ui/labels-field.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Empty, Mono } from '../../../../../ui/page.tsx';
import { PlannedRemoval } from '../../../../../ui/plan/planned-removal.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { PathTester } from './path-test.tsx';
import { WorkField } from './work-field.tsx';

const Peers = pageOf(Peer);

export function PeerTable({
  networkId,
  peers,
  clusters,
}: {
  networkId: string;
  peers: z.infer<typeof Peers>;
  clusters: Cluster[];
}) {
  const path = `/networks/${networkId}/peers?limit=200`;
  const { data, failure } = useLoaded(path, Peers, peers, 5);
  const [further, setFurther] = useState<{ items: Peer[]; next: string | null } | null>(null);
  const next = further === null ? data.next : further.next;
  const rows = [...data.items, ...(further?.items ?? [])];
  const clusterName = (id: string) => clusters.find((one) => one.id === id)?.name ?? id;

  async function more() {
    const page = await call('GET', `${path}&cursor=${encodeURIComponent(next ?? '')}`, Peers);
    setFurther({ items: [...(further?.items ?? []), ...page.items], next: page.next });
  }

  if (rows.length === 0)
    return (
      <Empty
        icon={<Server size={30} strokeWidth={1.6} aria-hidden />}
        title="No peer yet"
        action={<ButtonLink href={`/networks/${networkId}/clusters`}>Add nodes</ButtonLink>}
      >
        A peer is the agent on one node. Make nodes in a cloud, or run the one-liner on a node of your own.
      </Empty>
    );
  return (
    <div className="space-y-4">
      {failure && <Notice tone="warn">{failure}</Notice>}
      <Table
        caption="Peers of this network"
        rows={rows}
        keyOf={(peer) => peer.id}
        columns={[
          {
            title: 'Peer',
            heads: true,
            cell: (peer) => (
              <>
                {peer.name}
                {peer.problem && <span className="block font-normal text-bad">{peer.problem}</span>}
                {peer.udpBlocked && (
                  <span className="block font-normal text-quiet">
                    No UDP gets out there: relays carry its packets over TLS
                  </span>
                )}
              </>
            ),
          },
          { title: 'State', cell: (peer) => <Status state={peer.state} bare /> },
          { title: 'Cluster', cell: (peer) => clusterName(peer.clusterId) },
          {
            title: 'Work',
            cell: (peer) => <WorkField peer={peer} of={`${peer.name} of ${clusterName(peer.clusterId)}`} />,
          },
          { title: 'Overlay', cell: (peer) => <Mono>{peer.overlayAddress}</Mono> },
          {
            title: 'Underlay',
            cell: (peer) => <Mono>{peer.publicAddress ?? peer.privateAddress ?? '–'}</Mono>,
          },
          {
            title: 'Labels',
            cell: (peer) =>
              peer.state !== 'removed' && (
                <LabelsField
                  path={`/peers/${peer.id}`}
                  of={`${peer.name} of ${clusterName(peer.clusterId)}`}
                  labels={peer.labels}
                />
              ),
          },
          { title: 'Map', right: true, cell: (peer) => peer.appliedNumber ?? '–' },
          { title: 'Seen', cell: (peer) => <Ago at={peer.lastSeenAt} /> },
          {
            title: 'Remove',
            untitled: true,
            right: true,
            cell: (peer) =>
              peer.state !== 'removed' && (
                <PlannedRemoval
                  trigger="Remove"
                  label={`Remove ${peer.name} of ${clusterName(peer.clusterId)}`}
                  title={`Remove ${peer.name} of ${clusterName(peer.clusterId)}?`}
                  action="Remove the peer"
                  networkId={networkId}
                  change={{ change: 'remove-peer', peerId: peer.id }}
                  path={`/peers/${peer.id}`}
                >
                  Its tunnels close at once and its names are taken back.{' '}
                  {peer.managed
                    ? 'Skein made its instance, and will end it.'
                    : 'Its node stays as it is; the agent on it cleans up.'}
                </PlannedRemoval>
              ),
          },
        ]}
      />
      {next !== null && <Button onClick={() => void more()}>Show more</Button>}
      <PathTester
        networkId={networkId}
        peers={rows.filter((peer) => peer.state === 'connected' || peer.state === 'disconnected')}
        nameOf={(peer) => `${peer.name} of ${clusterName(peer.clusterId)}`}
      />
    </div>
  );
}
