'use client';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { TopologyView } from '@skein/contract/rest/peer.ts';
import { Waypoints } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useEvents } from '../../../../../fetch/use-events.ts';
import { Empty, Section } from '../../../../../ui/page.tsx';
import { Status } from '../../../../../ui/status.tsx';
import { TOPOLOGY } from '../../../../../ui/topology-field.tsx';
import { Graph } from './graph.tsx';
import { LinkTable } from './link-table.tsx';
import { pairsOf } from './pairs.ts';
import { PeerPane } from './peer-pane.tsx';

export function Topology({
  networkId,
  initial,
  clusters,
}: {
  networkId: string;
  initial: TopologyView;
  clusters: Cluster[];
}) {
  const [view, setView] = useState(initial);
  const [chosen, setChosen] = useState<string | null>(null);
  const liveness = useEvents(`/networks/${networkId}/events`, {
    topology: (data) => setView(TopologyView.parse(data)),
  });
  const peers = useMemo(() => view.peers.filter((peer) => peer.state !== 'removed'), [view]);
  const pairs = useMemo(() => pairsOf(view.links), [view]);
  const peer = peers.find((one) => one.id === chosen);

  if (peers.length === 0)
    return (
      <Empty icon={<Waypoints size={30} strokeWidth={1.6} aria-hidden />} title="Nothing to draw yet">
        Peers show here as soon as their nodes are planned, and turn green when their agents connect.
      </Empty>
    );
  return (
    <>
      <div className={peer ? 'grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]' : ''}>
        <div className="overflow-hidden rounded-lg border border-line bg-sunken">
          <Graph clusters={clusters} peers={peers} pairs={pairs} chosen={chosen} onChoose={setChosen} />
          <Legend
            liveness={liveness}
            revision={view.revision}
            topology={view.topology}
            hub={clusters.find((one) => one.id === view.hubClusterId)?.name}
          />
        </div>
        {peer && (
          <PeerPane
            peer={peer}
            peers={peers}
            clusters={clusters}
            links={view.links.filter((link) => link.from === peer.id)}
            onClose={() => setChosen(null)}
          />
        )}
      </div>
      <div className="mt-9">
        <Section title="Links" lead="The same as a table: each tunnel as its first end sees it.">
          <LinkTable links={view.links} peers={peers} clusters={clusters} />
        </Section>
      </div>
    </>
  );
}

const WORDS = { connecting: 'Connecting …', live: 'Live', reconnecting: 'Reconnecting …', ended: 'Not live' };

function Legend({
  liveness,
  revision,
  topology,
  hub,
}: {
  liveness: keyof typeof WORDS;
  revision: number;
  topology: TopologyView['topology'];
  hub: string | undefined;
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2 border-t border-line bg-raised px-4 py-2.5 text-sm">
      <span className="inline-flex items-center gap-2">
        <Line className="stroke-good" /> <Status state="up" bare />
      </span>
      <span className="inline-flex items-center gap-2">
        <Line className="stroke-line-strong" dash="3 5" /> <Status state="idle" bare />
      </span>
      <span className="inline-flex items-center gap-2">
        <Line className="stroke-bad" dash="7 5" /> <Status state="down" bare />
      </span>
      <span className="text-quiet" title={TOPOLOGY[topology].about}>
        {TOPOLOGY[topology].name} topology{hub && ` around ${hub}`}
      </span>
      <span className="text-faint">
        Times are round trips. Links between members show when a peer is chosen.
      </span>
      <span className="ml-auto inline-flex items-center gap-2 text-quiet" role="status">
        <span aria-hidden className={`size-2 rounded-full ${liveness === 'live' ? 'bg-good' : 'bg-warn'}`} />
        {WORDS[liveness]} · revision {revision}
      </span>
    </div>
  );
}

function Line({ className, dash }: { className: string; dash?: string }) {
  return (
    <svg width="26" height="6" aria-hidden>
      <path d="M0 3h26" strokeWidth="2" strokeDasharray={dash} className={className} />
    </svg>
  );
}
