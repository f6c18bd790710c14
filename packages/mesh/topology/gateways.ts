/**
 * A cluster's gateways and their ranks. All of them work at the same time: the rank says on which interface of others a
 * gateway lives, so that each may carry the same prefixes (see `MAX_PLANES`).
 */
import { MAX_PLANES } from '@skein/contract/agent/map.ts';
import type { PeerRole } from '@skein/contract/primitive.ts';
import { parseAddress } from '../ipam/cidr.ts';
import type { ClusterPart, MeshPeer } from '../network.ts';

/** Parts are immutable, so what is derived from one is computed once. */
const gatewayMemo = new WeakMap<ClusterPart, readonly MeshPeer[]>();

/** A cluster's gateways by rank: in the order of their overlay addresses. What exceeds the ranks works as members. */
export function gatewaysOf(part: ClusterPart): readonly MeshPeer[] {
  let gateways = gatewayMemo.get(part);
  if (!gateways) {
    gateways = part.peers
      .filter((peer) => peer.role === 'gateway')
      .sort((a, b) => parseAddress(a.overlayAddress) - parseAddress(b.overlayAddress))
      .slice(0, MAX_PLANES);
    gatewayMemo.set(part, gateways);
  }
  return gateways;
}

/** A gateway's place among those of its cluster; 0 for members. */
export function rankOf(part: ClusterPart, peer: MeshPeer): number {
  return peer.role === 'gateway' ? Math.max(0, gatewaysOf(part).indexOf(peer)) : 0;
}

/** What a peer does in its cluster: a gateway beyond the last rank is a member. */
export function workOf(part: ClusterPart, peer: MeshPeer): PeerRole {
  return peer.role === 'gateway' && gatewaysOf(part).includes(peer) ? 'gateway' : 'member';
}
