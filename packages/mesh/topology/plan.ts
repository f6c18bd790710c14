/** A network's graph of clusters, by the topology that it is set to. */
import type { Topology } from '@skein/contract/primitive.ts';
import type { ClusterPart, MeshNetwork, Snapshot } from '../network.ts';
import { full } from './full.ts';
import { gatewaysOf } from './gateways.ts';
import type { Graph, Vertex } from './graph.ts';
import { hub } from './hub.ts';
import { hybrid } from './hybrid.ts';
import { random } from './random.ts';
import { structured } from './structured.ts';

/** What decides about links, beside the clusters that are there. */
export interface TopologySetting {
  readonly topology: Topology;
  readonly hubClusterId: string | null;
}

/**
 * @param vertices sorted by id
 * @param seed the network's overlay range, known when it is planned: others are linked otherwise
 */
export function planGraph(setting: TopologySetting, seed: string, vertices: readonly Vertex[]): Graph {
  switch (setting.topology) {
    case 'hybrid':
      return hybrid(vertices);
    case 'full':
      return full(vertices);
    case 'hub':
      return hub(vertices, setting.hubClusterId);
    case 'random':
      return random(vertices, seed);
    case 'structured':
      return structured(vertices, seed);
  }
}

const graphMemo = new WeakMap<Snapshot, Graph>();
/** The newest graph of a network with its vertices: most changes of a network leave them as they are. */
const newestMemo = new WeakMap<MeshNetwork, { vertices: readonly Vertex[]; graph: Graph }>();

/** The graph of a snapshot. Snapshots with the same settings and vertices share one, with all that was found in it. */
export function graphOf(snapshot: Snapshot): Graph {
  const known = graphMemo.get(snapshot);
  if (known) return known;
  const { network } = snapshot;
  const vertices = verticesOf(snapshot);
  const newest = newestMemo.get(network);
  const graph =
    newest && sameVertices(newest.vertices, vertices)
      ? newest.graph
      : planGraph(network, network.cidr, vertices);
  newestMemo.set(network, { vertices, graph });
  graphMemo.set(snapshot, graph);
  return graph;
}

/** Clusters that can be linked: those with a gateway; where peers are linked to each other, those with any peer. */
function verticesOf({ network, parts }: Snapshot): Vertex[] {
  const vertices: Vertex[] = [];
  for (const part of parts.values()) {
    const vertex = vertexOf(part, network.topology);
    if (vertex) vertices.push(vertex);
  }
  return vertices.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function vertexOf(part: ClusterPart, topology: Topology): Vertex | undefined {
  const gateways = gatewaysOf(part);
  if (topology === 'full' ? part.peers.length === 0 : gateways.length === 0) return undefined;
  const { id, overlayCidr: range } = part.cluster;
  // Only a hub's choice asks this: elsewhere an endpoint that comes or goes leaves the graph as it is.
  const open =
    topology === 'hub' && gateways.some((one) => one.endpoints.some(({ kind }) => kind !== 'private'));
  return { id, range, open };
}

function sameVertices(some: readonly Vertex[], others: readonly Vertex[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, at) => {
      const other = others[at];
      return one.id === other?.id && one.range === other.range && one.open === other.open;
    })
  );
}
