/**
 * A cluster's gateways and their ranks. All of them work at the same time: the rank says on which interface of others a
 * gateway lives, so that each may carry the same prefixes (see `MAX_PLANES`).
 */
import { MAX_PLANES } from '@skein/contract/agent/map.ts';
import type { PeerRole } from '@skein/contract/primitive.ts';
import { parseAddress } from '../ipam/cidr.ts';
import type { ClusterPart, MeshPeer } from '../network.ts';

/** Parts are immutable, so what is derived from one is computed once. */
const rankMemo = new WeakMap<ClusterPart, ReadonlyMap<MeshPeer, number>>();
const gatewayMemo = new WeakMap<ClusterPart, readonly MeshPeer[]>();

/**
 * Every gateway in its seat, so that none moves to another interface because one before it goes; those without a seat,
 * and a second one in the same, take the free ones in the order of overlay addresses. Who finds none works as a member.
 */
function ranksOf(part: ClusterPart): ReadonlyMap<MeshPeer, number> {
  const known = rankMemo.get(part);
  if (known) return known;
  const gateways = part.peers
    .filter((peer) => peer.role === 'gateway')
    .sort((a, b) => parseAddress(a.overlayAddress) - parseAddress(b.overlayAddress));
  const taken = new Map<number, MeshPeer>();
  const seated = (seat: number | null | undefined) => typeof seat === 'number' && seat < MAX_PLANES;
  for (const one of gateways)
    if (seated(one.seat) && !taken.has(one.seat as number)) taken.set(one.seat as number, one);
  const sitting = new Set(taken.values());
  for (const one of gateways) {
    if (sitting.has(one)) continue;
    const free = Array.from({ length: MAX_PLANES }, (_, seat) => seat).find((seat) => !taken.has(seat));
    if (free !== undefined) taken.set(free, one);
  }
  const ranks = new Map([...taken].sort(([a], [b]) => a - b).map(([rank, peer]) => [peer, rank]));
  rankMemo.set(part, ranks);
  return ranks;
}

/** A cluster's gateways by rank. */
export function gatewaysOf(part: ClusterPart): readonly MeshPeer[] {
  const known = gatewayMemo.get(part);
  if (known) return known;
  const gateways = [...ranksOf(part).keys()];
  gatewayMemo.set(part, gateways);
  return gateways;
}

/** A gateway's rank among those of its cluster; 0 for members. */
export function rankOf(part: ClusterPart, peer: MeshPeer): number {
  return ranksOf(part).get(peer) ?? 0;
}

/** What a peer does in its cluster: a gateway beyond the last rank is a member. */
export function workOf(part: ClusterPart, peer: MeshPeer): PeerRole {
  return ranksOf(part).has(peer) ? 'gateway' : 'member';
}
