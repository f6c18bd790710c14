'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Link, Peer } from '@skein/contract/rest/peer.ts';
import { Mono } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { Table } from '../../../../../ui/table.tsx';
import { Ago } from '../../../../../ui/time.tsx';
import { bytesOf, rttOf } from '../../../../../ui/words.ts';

export function LinkTable({
  links,
  peers,
  clusters,
}: {
  links: readonly Link[];
  peers: readonly Peer[];
  clusters: readonly Cluster[];
}) {
  const nameOf = (id: string) => {
    const peer = peers.find((one) => one.id === id);
    const cluster = clusters.find((one) => one.id === peer?.clusterId);
    return peer ? `${peer.name}.${cluster?.name ?? '?'}` : id;
  };
  const rows = [...links].sort((a, b) =>
    `${nameOf(a.from)} ${nameOf(a.to)}` < `${nameOf(b.from)} ${nameOf(b.to)}` ? -1 : 1,
  );
  if (rows.length === 0)
    return (
      <p className="text-sm text-quiet">No agent has reported a link yet. They do once they have a map.</p>
    );
  return (
    <Table
      caption="Links between peers"
      rows={rows}
      keyOf={(link) => `${link.from} ${link.to}`}
      columns={[
        {
          title: 'From and to',
          heads: true,
          cell: (link) => (
            <>
              {nameOf(link.from)} <span className="font-normal text-faint">to</span> {nameOf(link.to)}
            </>
          ),
        },
        { title: 'State', cell: (link) => <Status state={link.state} bare /> },
        { title: 'Round trip', right: true, cell: (link) => rttOf(link.rttMilliseconds) },
        { title: 'Endpoint', cell: (link) => <Mono>{link.endpoint ?? '–'}</Mono> },
        { title: 'Way', cell: (link) => (link.way ? wordsOfWay(link.way) : '–') },
        { title: 'Handshake', cell: (link) => <Ago at={link.lastHandshakeAt} /> },
        { title: 'Received', right: true, cell: (link) => bytesOf(link.receivedBytes) },
        { title: 'Sent', right: true, cell: (link) => bytesOf(link.sentBytes) },
      ]}
    />
  );
}

/** What is sent costs by list price; what is received is free everywhere. */
function wordsOfWay({ kind, usdPerGb }: NonNullable<Link['way']>): string {
  if (usdPerGb === null) return kind;
  return usdPerGb === 0 ? `${kind}, free` : `${kind}, $${usdPerGb} a GB`;
}
