import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { affectedBy } from '@skein/mesh/map/affected.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import {
  arePeered,
  type ClusterPart,
  compareText,
  type MeshPeer,
  type Snapshot,
} from '@skein/mesh/network.ts';
import { simplePortsOf } from '@skein/mesh/policy/simple.ts';
import { outsideLinks, peeredLinks, peerLinks } from '@skein/mesh/topology/links.ts';
import { graphOf } from '@skein/mesh/topology/plan.ts';
import { pathBetween } from '@skein/mesh/topology/ways.ts';
import type { Shape } from './shape.ts';

type BlastRadius = NetworkPlan['blastRadius'];
type Flow = BlastRadius['flows'][number];

/** Which peers come, go or get another map, and which flows between clusters begin, end or take another way. */
export function blastRadius(before: Shape, after: Shape): BlastRadius {
  return { peers: peersOf(before, after), flows: [...flowsOf(before, after), ...portsOf(before, after)] };
}

function peersOf(before: Shape, after: Shape): BlastRadius['peers'] {
  const [was, will] = [before, after].map(
    (shape) =>
      new Map(
        shape.clusters.flatMap((cluster) =>
          cluster.peers.map((peer) => [peer.id, { cluster: cluster.name, name: peer.name }] as const),
        ),
      ),
  );
  const peers: BlastRadius['peers'] = [];
  for (const [id, peer] of was ?? []) if (!will?.has(id)) peers.push({ ...peer, effect: 'removed' });
  for (const [id, peer] of will ?? []) if (!was?.has(id)) peers.push({ ...peer, effect: 'added' });
  for (const peer of newMaps(before.snapshot, after.snapshot)) peers.push({ ...peer, effect: 'new-map' });
  return peers.sort((a, b) => compareText(a.cluster, b.cluster) || compareText(a.name, b.name));
}

/** Peers in both snapshots whose maps differ in more than their number. */
function newMaps(before: Snapshot, after: Snapshot): { cluster: string; name: string }[] {
  const touched = new Set<string>();
  for (const [id, part] of before.parts) if (after.parts.get(id) !== part) touched.add(id);
  for (const [id, part] of after.parts) if (before.parts.get(id) !== part) touched.add(id);
  const affected = affectedBy(before, after, touched);
  const found: { cluster: string; name: string }[] = [];
  for (const [id, part] of before.parts) {
    if (!after.parts.has(id)) continue;
    const all = affected.everyone || affected.clusters.has(id);
    for (const peer of part.peers) {
      const gated = affected.gateways || affected.gatewaysOf.has(id);
      if (!all && !(gated && peer.role === 'gateway')) continue;
      const now = after.parts.get(id)?.peers.some((one) => one.id === peer.id);
      if (now && mapText(before, id, peer) !== mapText(after, id, peer))
        found.push({ cluster: part.cluster.name, name: peer.name });
    }
  }
  return found;
}

function mapText(snapshot: Snapshot, clusterId: string, peer: MeshPeer): string {
  return JSON.stringify({ ...buildMap(snapshot, clusterId, peer.id), number: 0 });
}

/** Between two clusters traffic flows where the topology leads from one to the other; its way is told hop by hop. */
function flowsOf(before: Shape, after: Shape): Flow[] {
  const [was, will] = [waysOf(before.snapshot), waysOf(after.snapshot)];
  const flows: Flow[] = [];
  for (const key of [...new Set([...was.keys(), ...will.keys()])].sort(compareText)) {
    const [from = '', to = ''] = key.split(' ');
    const [old, now] = [was.get(key), will.get(key)];
    if (old === now) continue;
    flows.push({ from, to, effect: old === undefined ? 'opened' : now === undefined ? 'cut' : 'rerouted' });
  }
  return flows;
}

/** Each pair of clusters once, by name, with its way in a text that differs where the way does. */
function waysOf(snapshot: Snapshot): Map<string, string> {
  const graph = graphOf(snapshot);
  const doors = graph.vertices.flatMap((id) => snapshot.parts.get(id) ?? []);
  const hops = new Map<string, string>();
  const hopText = (from: ClusterPart, to: ClusterPart) => {
    const key = `${from.cluster.id} ${to.cluster.id}`;
    const text = hops.get(key) ?? endsText(snapshot, from, to);
    hops.set(key, text);
    return text;
  };
  const ways = new Map<string, string>();
  for (const from of doors)
    for (const to of doors) {
      if (compareText(from.cluster.name, to.cluster.name) >= 0) continue;
      const path = pathBetween(graph, from.cluster.id, to.cluster.id);
      const parts = path?.flatMap((id) => snapshot.parts.get(id) ?? []) ?? [];
      const texts = parts.slice(1).map((part, at) => hopText(parts[at] as ClusterPart, part));
      if (path) ways.set(`${from.cluster.name} ${to.cluster.name}`, texts.join(' '));
    }
  return ways;
}

/** Where the peers that carry traffic between two linked clusters are reached. */
function endsText(snapshot: Snapshot, from: ClusterPart, to: ClusterPart): string {
  const seen = arePeered(from, to) ? peeredLinks : outsideLinks;
  const ends = [from, to].map((part) =>
    (snapshot.network.topology === 'full' ? peerLinks(part) : seen(part, 0)).map(
      ({ id, plane, endpoints, allowedIps }) => [id, plane, endpoints, allowedIps],
    ),
  );
  return JSON.stringify(ends);
}

/** Ports are open or closed between all clusters alike. */
function portsOf(before: Shape, after: Shape): Flow[] {
  if (after.clusters.length < 2) return [];
  const [was, will] = [before, after].map(
    (shape) =>
      new Set((simplePortsOf(shape.policy) ?? []).map((one) => `${one.protocol.toUpperCase()} ${one.port}`)),
  );
  // A network that is being made or deleted opens and cuts its flows whole.
  if (before.clusters.length === 0) return [];
  const flow = (port: string, effect: Flow['effect']): Flow => ({
    from: 'every cluster',
    to: `every other cluster, ${port}`,
    effect,
  });
  const opened = [...(will ?? [])].filter((port) => !was?.has(port)).sort(compareText);
  const cut = [...(was ?? [])].filter((port) => !will?.has(port)).sort(compareText);
  return [...opened.map((port) => flow(port, 'opened')), ...cut.map((port) => flow(port, 'cut'))];
}
