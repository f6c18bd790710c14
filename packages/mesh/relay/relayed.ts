/**
 * What relays mean for maps: the ends of a pair learn where their relays listen for them, and a relay learns for whom
 * it keeps which ports.
 */
import type { Endpoint, MapAllocation, MapPeer, RelayedEnd } from '@skein/contract/agent/map.ts';
import {
  arePeered,
  type ClusterPart,
  compareText,
  type MeshAllocation,
  type MeshPeer,
  peerIn,
  type Snapshot,
} from '../network.ts';

/** The peers of a part that relay for others. */
export function relaysOf(part: ClusterPart): readonly MeshPeer[] {
  let relays = relayMemo.get(part);
  if (!relays) {
    relays = part.peers.filter((peer) => peer.relay !== null);
    relayMemo.set(part, relays);
  }
  return relays;
}

const relayMemo = new WeakMap<ClusterPart, readonly MeshPeer[]>();

/** The links of one peer, those that have relays with the relays' endpoints behind their own. */
export function withRelays(
  snapshot: Snapshot,
  part: ClusterPart,
  self: MeshPeer,
  links: MapPeer[],
): MapPeer[] {
  const byPeer = new Map<string, Endpoint[]>();
  for (const home of snapshot.parts.values())
    for (const relay of relaysOf(home))
      for (const allocation of relay.relay?.allocations ?? []) {
        const side = allocation.peers.indexOf(self.id);
        const other = allocation.peers[1 - side];
        const endpoint = side < 0 ? undefined : relayedEndpoint(home, relay, allocation, side, part);
        if (!other || !endpoint) continue;
        byPeer.set(other, [...(byPeer.get(other) ?? []), endpoint]);
      }
  if (byPeer.size === 0) return links;
  return links.map((link) => {
    const relayed = byPeer.get(link.id);
    if (!relayed) return link;
    relayed.sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
    return { ...link, endpoints: [...link.endpoints, ...relayed] };
  });
}

/** Where one side of a pair, a peer of `part`, sends what is for the other. */
function relayedEndpoint(
  home: ClusterPart,
  relay: MeshPeer,
  { peers, port: first, tls }: MeshAllocation,
  side: number,
  part: ClusterPart,
): Endpoint | undefined {
  const port = first + side;
  // The way ends at the relay itself: what comes there over TLS it hands to its own WireGuard.
  if (tls && peers[side] === relay.id) return { kind: 'tls', address: LOOPBACK, port };
  const address = relayAddress(home, relay, part);
  if (address === undefined) return undefined;
  if (!tls?.[side]) return { kind: 'relayed', address, port };
  const door = relay.relay?.tls;
  return door
    ? { kind: 'tls', address, port, tls: { ...door, wireguardKey: relay.wireguardKey } }
    : undefined;
}

const LOOPBACK = '127.0.0.1';

/** What a relay is to relay, sorted by id. A pair of which one end has no address that is known waits. */
export function allocationsOf(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapAllocation[] {
  const mapped: MapAllocation[] = [];
  for (const allocation of self.relay?.allocations ?? []) {
    const ends = allocation.tls && endsOf(snapshot, self, allocation);
    const [first, second] = allocation.peers.map((id, side) =>
      ends && ends[side]?.by !== 'udp'
        ? []
        : addressesOf(snapshot, part, allocation.clusters[side] ?? '', id),
    );
    if (!first || !second) continue;
    const heard = [first, second].every(
      (addresses, side) => addresses.length > 0 || ends?.[side]?.by !== 'udp',
    );
    if (ends ? !heard || !self.relay?.tls : first.length === 0 || second.length === 0) continue;
    const { id, port, kilobytesPerSecond, until } = allocation;
    const tls = ends && self.relay?.tls ? { tls: { port: self.relay.tls.port, ends } } : {};
    mapped.push({ id, port, addresses: [first, second], kilobytesPerSecond, until, ...tls });
  }
  return mapped.sort((a, b) => compareText(a.id, b.id));
}

/** How the relay hears the two ends of a pair of which one comes over TLS. */
function endsOf(
  snapshot: Snapshot,
  relay: MeshPeer,
  { peers, clusters, tls }: MeshAllocation,
): [RelayedEnd, RelayedEnd] {
  const endOf = (side: 0 | 1): RelayedEnd => {
    if (peers[side] === relay.id) return { by: 'self' };
    if (!tls?.[side]) return { by: 'udp' };
    const peer = peerIn(snapshot, clusters[side], peers[side]);
    const keys = peer ? [peer.wireguardKey, ...(peer.nextWireguardKey ? [peer.nextWireguardKey] : [])] : [];
    return { by: 'tls', peerId: peers[side], keys };
  };
  return [endOf(0), endOf(1)];
}

/** Clusters whose maps show relays of these clusters, or on whose relays peers of these clusters are. */
export function clustersRelayed(
  before: Snapshot,
  after: Snapshot,
  touched: ReadonlySet<string>,
): ReadonlySet<string> {
  const concerned = new Set<string>();
  for (const snapshot of [before, after])
    for (const [id, part] of snapshot.parts)
      for (const relay of relaysOf(part))
        for (const { clusters } of relay.relay?.allocations ?? []) {
          if (touched.has(id) && relaysText(before, id) !== relaysText(after, id))
            for (const cluster of clusters) concerned.add(cluster);
          if (clusters.some((cluster) => touched.has(cluster))) concerned.add(id);
        }
  return concerned;
}

/** Where a peer of `part` calls a relay, or undefined where it cannot. */
export function relayAddress(home: ClusterPart, relay: MeshPeer, part: ClusterPart): string | undefined {
  const near = sharesNetwork(home, part);
  const kinds: readonly Endpoint['kind'][] = near ? ['private', 'public'] : ['public'];
  for (const kind of kinds) {
    const found = relay.endpoints.find((one) => one.kind === kind);
    if (found) return found.address;
  }
  return undefined;
}

/** Whether private addresses of one part are reached from the other. */
export function sharesNetwork(a: ClusterPart, b: ClusterPart): boolean {
  return a === b ? a.cluster.vpcCidr !== null : arePeered(a, b);
}

/** The addresses that packets of a peer may bear when they reach a relay in `home`. */
function addressesOf(snapshot: Snapshot, home: ClusterPart, clusterId: string, peerId: string): string[] {
  const part = snapshot.parts.get(clusterId);
  const peer = peerIn(snapshot, clusterId, peerId);
  if (!part || !peer) return [];
  const near = sharesNetwork(home, part);
  // Relays are called by IPv4 alone.
  const seen = peer.endpoints
    .filter((one) => one.kind !== 'global' && (near || one.kind !== 'private'))
    .map((one) => one.address);
  return [...new Set(seen)].sort(compareText);
}

function relaysText(snapshot: Snapshot, id: string): string {
  const part = snapshot.parts.get(id);
  return part
    ? JSON.stringify(relaysOf(part).map((one) => [one.id, one.endpoints, one.wireguardKey, one.relay]))
    : '';
}
