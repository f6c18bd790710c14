'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Peer } from '@skein/contract/rest/peer.ts';
import { ClusterRange } from '@skein/contract/rest/range.ts';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import { call, callQuietly } from '../../../../../fetch/call.ts';
import { useLoaded } from '../../../../../fetch/use-loaded.ts';
import { Button } from '../../../../../ui/button.tsx';
import { Confirm } from '../../../../../ui/confirm.tsx';
import { Notice } from '../../../../../ui/notice.tsx';
import { Mono } from '../../../../../ui/page.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { AddRange } from './add-range.tsx';

const Ranges = pageOf(ClusterRange);
const Peers = pageOf(Peer);
interface Loaded {
  ranges: z.infer<typeof Ranges>;
  /** Of this cluster. */
  peers: readonly Peer[];
}

/** What is behind one cluster, read when somebody opens the list. */
export function RangeList({ cluster }: { cluster: Cluster }) {
  const path = `/clusters/${cluster.id}/ranges`;
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  async function toggle(open: boolean) {
    setFailure(null);
    if (!open) return setLoaded(null);
    try {
      const [ranges, peers] = await Promise.all([call('GET', path, Ranges), peersOf(cluster)]);
      setLoaded({ ranges, peers });
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <details
      className="mt-4 border-t border-line pt-3 text-sm"
      onToggle={(event) => void toggle(event.currentTarget.open)}
    >
      <summary className="w-fit text-quiet hover:text-ink">
        Ranges <span className="sr-only">of {cluster.name}</span>
      </summary>
      <div className="mt-3">
        {failure && <Notice tone="bad">{failure}</Notice>}
        {loaded && <RangeTable path={path} cluster={cluster} {...loaded} />}
      </div>
    </details>
  );
}

/** All peers of a cluster, page by page. */
async function peersOf({ id, networkId }: Cluster): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let cursor = ''; ; ) {
    const page = await call('GET', `/networks/${networkId}/peers?limit=200${cursor}`, Peers);
    peers.push(...page.items.filter((peer) => peer.clusterId === id));
    if (page.next === null) return peers;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

function RangeTable({ path, cluster, ranges, peers }: { path: string; cluster: Cluster } & Loaded) {
  const { data, failure, refresh } = useLoaded(path, Ranges, ranges, 5);
  const [adding, setAdding] = useState(false);
  const carrierOf = ({ peerId, docker }: ClusterRange) => {
    if (peerId === null) return 'every gateway';
    const name = peers.find((peer) => peer.id === peerId)?.name ?? peerId;
    return docker === null ? name : `${name}, its Docker network ${docker}`;
  };
  return (
    <div className="space-y-3">
      {failure && <Notice tone="bad">{failure}</Notice>}
      {data.items.length === 0 ? (
        <p className="max-w-[58ch] text-quiet">
          No range yet. Hosts behind {cluster.name} that run no agent are reached by one: those of a VPC or an
          office, or the pods of a node.
        </p>
      ) : (
        <Table
          caption={`Ranges of ${cluster.name}`}
          rows={data.items}
          keyOf={(range) => range.id}
          columns={[
            { title: 'Name', heads: true, cell: (range) => range.name },
            { title: 'Inside', cell: (range) => <Mono whole>{range.cidr}</Mono> },
            { title: 'In the network', cell: (range) => <Mono whole>{range.overlayCidr}</Mono> },
            { title: 'Carried by', cell: carrierOf },
            { title: 'Replies', cell: (range) => range.replies },
            {
              title: 'Hosts',
              cell: (range) =>
                range.hosts.length === 0 ? (
                  <span className="text-faint">none named</span>
                ) : (
                  <ul>
                    {range.hosts.map((host) => (
                      <li key={host.name}>
                        {host.name} <Mono>{host.overlayAddress}</Mono>
                      </li>
                    ))}
                  </ul>
                ),
            },
            {
              title: 'Remove',
              untitled: true,
              right: true,
              cell: (range) => (
                <Confirm
                  trigger="Remove"
                  label={`Remove the range ${range.name} of ${cluster.name}`}
                  title={`Remove the range ${range.name}?`}
                  action="Remove the range"
                  onConfirm={async () => {
                    await callQuietly('DELETE', `/ranges/${range.id}`);
                    await refresh();
                  }}
                >
                  Nobody reaches {range.cidr} through {cluster.name} from then on. Added again, it may get
                  other addresses.
                </Confirm>
              ),
            },
          ]}
        />
      )}
      <Button onClick={() => setAdding(true)} disabled={cluster.state === 'deleting'}>
        <Plus size={15} aria-hidden /> Add a range
      </Button>
      <AddRange
        cluster={cluster}
        peers={peers}
        open={adding}
        onClose={() => setAdding(false)}
        onAdded={refresh}
      />
    </div>
  );
}
