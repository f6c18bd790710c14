/** Who carries the ranges behind a cluster. */
import { RANGES_CIDR, type Topology } from '@skein/contract/primitive.ts';
import type { ClusterPart, MeshPeer, MeshRange, Snapshot } from '../network.ts';
import { gatewaysOf } from '../topology/gateways.ts';

/**
 * The ranges that a peer translates: its own, and as a gateway those that all gateways of its cluster carry. In full
 * topology everybody has one link to everybody, on one plane, where a prefix can be one peer's alone: there the first of
 * the gateways carries them.
 */
export function carriedBy(topology: Topology, part: ClusterPart, peer: MeshPeer): MeshRange[] {
  const { ranges } = part.cluster;
  if (ranges.length === 0) return [];
  const gateways = gatewaysOf(part);
  const works = topology === 'full' ? gateways[0] === peer : gateways.includes(peer);
  return ranges.filter(({ peerId }) => (peerId === null ? works : peerId === peer.id));
}

/**
 * Translated ranges that other clusters send to this gateway: all of the cluster's, but not what another gateway carries
 * alone. Inside a cluster gateways do not pass on for each other.
 */
export function rangesThrough(part: ClusterPart, gateway: MeshPeer): string[] {
  const others = new Set(gatewaysOf(part).flatMap((one) => (one === gateway ? [] : one.id)));
  return part.cluster.ranges.flatMap(({ peerId, overlayCidr }) =>
    peerId !== null && others.has(peerId) ? [] : overlayCidr,
  );
}

const someMemo = new WeakMap<Snapshot, boolean>();

/** What everybody routes into the overlay for the sake of ranges, or null where there are none. */
export function rangesCidrOf(snapshot: Snapshot): string | null {
  let some = someMemo.get(snapshot);
  if (some === undefined) {
    some = [...snapshot.parts.values()].some(({ cluster }) => cluster.ranges.length > 0);
    someMemo.set(snapshot, some);
  }
  return some ? RANGES_CIDR : null;
}
