'use client';
import '@xyflow/react/dist/base.css';
import './graph.css';
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import {
  Controls,
  type Edge,
  type FitViewOptions,
  type Node,
  ReactFlow,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { arrange, PEER } from './arrange.ts';
import { LinkEdge } from './link-edge.tsx';
import { CloudNode, ClusterNode, type NodeKinds, PeerNode } from './nodes.tsx';
import type { Pair } from './pairs.ts';

const NODE_TYPES = { cloud: CloudNode, cluster: ClusterNode, peer: PeerNode };
const EDGE_TYPES = { link: LinkEdge };

export function Graph({
  clusters,
  peers,
  pairs,
  chosen,
  onChoose,
}: {
  clusters: readonly Cluster[];
  peers: readonly Peer[];
  pairs: readonly Pair[];
  chosen: string | null;
  onChoose: (peerId: string | null) => void;
}) {
  const narrow = useSyncExternalStore(watchWidth, isNarrow, () => false);
  const layout = useMemo(() => arrange(clusters, peers, narrow), [clusters, peers, narrow]);
  const nodes = useMemo((): NodeKinds[] => {
    const fixed = { draggable: false, selectable: false, focusable: false } as const;
    return [
      ...layout.clouds.map(
        ({ id, x, y, width, height, provider }): NodeKinds => ({
          ...fixed,
          id,
          type: 'cloud',
          position: { x, y },
          width,
          height,
          data: { provider },
        }),
      ),
      ...layout.clusters.map(
        ({ x, y, width, height, cluster }): NodeKinds => ({
          ...fixed,
          id: cluster.id,
          type: 'cluster',
          position: { x, y },
          width,
          height,
          data: { cluster },
        }),
      ),
      ...layout.peers.map(
        ({ x, y, side, peer }): NodeKinds => ({
          ...fixed,
          id: peer.id,
          type: 'peer',
          position: { x, y },
          ...PEER,
          zIndex: 10,
          // React Flow lets the pointer through nodes that cannot be moved or selected.
          style: { pointerEvents: 'all' },
          data: { peer, side, chosen: peer.id === chosen, onChoose },
        }),
      ),
    ] satisfies Node[];
  }, [layout, chosen, onChoose]);
  const edges = useMemo(() => edgesOf(layout.peers, pairs, chosen), [layout, pairs, chosen]);
  const fit = useMemo(
    () =>
      ({
        padding: { left: '20px', right: narrow ? '64px' : '20px', top: '20px', bottom: '54px' },
        maxZoom: 1.15,
      }) as const,
    [narrow],
  );
  const bottom = Math.max(...layout.clouds.map((cloud) => cloud.y + cloud.height));
  return (
    <figure
      aria-label="Graph of the network; the table of links below says the same"
      style={{
        height: narrow ? Math.min(620, bottom * 0.6 + 70) : Math.min(760, Math.max(340, bottom + 90)),
      }}
    >
      <ReactFlow
        key={narrow ? 'narrow' : 'wide'}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        fitView
        fitViewOptions={fit}
        minZoom={0.15}
        maxZoom={1.8}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        onPaneClick={() => onChoose(null)}
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} position="bottom-right" orientation="horizontal" />
        <Refit fit={fit} />
      </ReactFlow>
    </figure>
  );
}

/**
 * Keeps all of the graph in sight when the room for it changes: a pane beside it opens, the window is made smaller. It
 * follows the size that React Flow has measured, for fitting before that would fit the room that was.
 */
function Refit({ fit }: { fit: FitViewOptions }) {
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const { fitView } = useReactFlow();
  useEffect(() => {
    if (width > 0 && height > 0) void fitView(fit);
  }, [width, height, fit, fitView]);
  return null;
}

const NARROW = '(max-width: 48rem)';
const isNarrow = () => matchMedia(NARROW).matches;
function watchWidth(onChange: () => void) {
  const query = matchMedia(NARROW);
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** Links between clusters and to gateways always; those between members of a cluster for the chosen peer or in trouble. */
function edgesOf(
  placed: ReturnType<typeof arrange>['peers'],
  pairs: readonly Pair[],
  chosen: string | null,
): Edge[] {
  const byId = new Map(placed.map((one) => [one.peer.id, one]));
  return pairs.flatMap((pair): Edge[] => {
    const a = byId.get(pair.a);
    const b = byId.get(pair.b);
    if (!a || !b) return [];
    const ofChosen = chosen === pair.a || chosen === pair.b;
    const between = a.peer.clusterId !== b.peer.clusterId;
    const members = a.peer.role === 'member' && b.peer.role === 'member';
    if (members && !between && !ofChosen && pair.state !== 'down') return [];
    // Towards the middle between clusters; across the gap between the roles within one.
    const outwards = (side: 'left' | 'right') => (side === 'left' ? 'right' : 'left');
    const within = (role: Peer['role'], side: 'left' | 'right') =>
      role === 'member' ? outwards(side) : side;
    return [
      {
        id: pair.id,
        type: 'link',
        source: pair.a,
        target: pair.b,
        sourceHandle: between ? outwards(a.side) : within(a.peer.role, a.side),
        targetHandle: between ? outwards(b.side) : within(b.peer.role, b.side),
        zIndex: between ? 6 : 5,
        data: { pair, between, faded: chosen !== null && !ofChosen },
      },
    ];
  });
}
