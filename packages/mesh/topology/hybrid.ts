/**
 * Hybrid topology: inside a cluster every peer holds a tunnel to every other; between clusters only gateways do, in
 * full mesh. Traffic to other clusters goes member, its gateway, the other gateway, member.
 */
import type { Endpoint, MapPeer } from '@skein/contract/agent/map.ts';
import { arePeered, type ClusterPart, compareText, type MeshPeer, type Snapshot } from '../network.ts';

/** Seconds between keepalives where a NAT may stand in between: below the 30 s after which common NATs forget UDP. */
export const KEEPALIVE_SECONDS = 25;

/**
 * A cluster's gateways, the elected one first: one that can be reached from outside before one that cannot. Ties break
 * on peer id, so every agent agrees without talking.
 */
export function gatewaysOf(part: ClusterPart): readonly MeshPeer[] {
  let gateways = gatewayMemo.get(part);
  if (!gateways) {
    gateways = part.peers.filter((peer) => peer.role === 'gateway').sort(compareGateways);
    gatewayMemo.set(part, gateways);
  }
  return gateways;
}

/**
 * The tunnels that one peer holds, sorted by id, with the addresses each carries. No prefix is carried by two peers:
 * of several gateways the elected one carries the range, the others their own address alone.
 */
export function linksOf(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  const links: MapPeer[] = [];
  const way = self.role === 'member' ? gatewaysOf(part)[0] : undefined;
  for (const mate of part.peers) {
    if (mate.id === self.id) continue;
    const own = `${mate.overlayAddress}/32`;
    const quiet = part.cluster.vpcCidr !== null && isInside(self) && isInside(mate);
    const bothMembers = self.role === 'member' && mate.role === 'member';
    links.push({
      ...linkBase(mate),
      endpoints: endpointsInside(mate),
      allowedIps: mate === way ? [own, snapshot.network.cidr] : [own],
      // Two members of one VPC see each other without NAT, and idle tunnels between them should cost nothing.
      keepaliveSeconds: bothMembers && quiet ? 0 : KEEPALIVE_SECONDS,
    });
  }
  if (self.role === 'gateway')
    for (const other of snapshot.parts.values())
      if (other !== part) links.push(...(arePeered(part, other) ? peeredLinks(other) : outsideLinks(other)));
  return links.sort((a, b) => compareText(a.id, b.id));
}

/** A cluster's gateways as other clusters' gateways see them. The same objects for all who ask. */
export function outsideLinks(part: ClusterPart): readonly MapPeer[] {
  return linksFor(part, outsideMemo, endpointsOutside);
}

/** The same for the gateways of a peered cluster: the private way first, the public one where that is silent. */
export function peeredLinks(part: ClusterPart): readonly MapPeer[] {
  return linksFor(part, peeredMemo, endpointsInside);
}

function linksFor(
  part: ClusterPart,
  memo: WeakMap<ClusterPart, readonly MapPeer[]>,
  endpointsOf: (gateway: MeshPeer) => Endpoint[],
): readonly MapPeer[] {
  let links = memo.get(part);
  if (!links) {
    links = gatewaysOf(part).map((gateway, rank) => ({
      ...linkBase(gateway),
      endpoints: endpointsOf(gateway),
      // Whoever looks, the same gateway carries the range: a peering changes the way and not the choice.
      allowedIps: [rank === 0 ? part.cluster.overlayCidr : `${gateway.overlayAddress}/32`],
      keepaliveSeconds: KEEPALIVE_SECONDS,
    }));
    memo.set(part, links);
  }
  return links;
}

// Parts are immutable, so what is derived from one is computed once and shared by all agents' maps.
const gatewayMemo = new WeakMap<ClusterPart, readonly MeshPeer[]>();
const outsideMemo = new WeakMap<ClusterPart, readonly MapPeer[]>();
const peeredMemo = new WeakMap<ClusterPart, readonly MapPeer[]>();

function linkBase(peer: MeshPeer) {
  const { id, name, clusterId, role, wireguardKey, overlayAddress } = peer;
  return { plane: 0, id, name, clusterId, role, wireguardKey, overlayAddress };
}

function compareGateways(a: MeshPeer, b: MeshPeer): number {
  const reachable = (peer: MeshPeer) => (endpointsOutside(peer).length > 0 ? 0 : 1);
  return reachable(a) - reachable(b) || compareText(a.id, b.id);
}

function isInside(peer: MeshPeer): boolean {
  return peer.endpoints.some((endpoint) => endpoint.kind === 'private');
}

const NEAREST: readonly Endpoint['kind'][] = ['private', 'public', 'observed'];

function byNearness(a: Endpoint, b: Endpoint): number {
  return (
    NEAREST.indexOf(a.kind) - NEAREST.indexOf(b.kind) || compareText(a.address, b.address) || a.port - b.port
  );
}

function endpointsInside(peer: MeshPeer): Endpoint[] {
  return [...peer.endpoints].sort(byNearness);
}

/** From another cluster a private address leads nowhere, or to somebody else. */
function endpointsOutside(peer: MeshPeer): Endpoint[] {
  return peer.endpoints.filter((endpoint) => endpoint.kind !== 'private').sort(byNearness);
}
