/**
 * The tunnels that one peer holds. Inside a cluster every peer holds one to every other; between clusters gateways do,
 * in hybrid topology in full mesh. Traffic to other clusters goes member, any of its gateways, any gateway of the
 * other cluster, member.
 */
import type { Endpoint, MapPeer } from '@skein/contract/agent/map.ts';
import { arePeered, type ClusterPart, compareText, type MeshPeer, type Snapshot } from '../network.ts';
import { gatewaysOf, rankOf, workOf } from './gateways.ts';

/** Seconds between keepalives where a NAT may stand in between: below the 30 s after which common NATs forget UDP. */
export const KEEPALIVE_SECONDS = 25;

/**
 * The tunnels that one peer holds, sorted by id, with the addresses each carries. No prefix is carried by two peers of
 * one plane; on different planes each gateway of a cluster carries the same ones.
 */
export function linksOf(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  const links: MapPeer[] = [];
  const work = workOf(part, self);
  const rank = rankOf(part, self);
  for (const mate of part.peers) {
    if (mate.id === self.id) continue;
    const own = `${mate.overlayAddress}/32`;
    const quiet = part.cluster.vpcCidr !== null && isInside(self) && isInside(mate);
    const mateWork = workOf(part, mate);
    links.push({
      ...linkBase(part, mate),
      endpoints: endpointsInside(mate, rank),
      allowedIps: work === 'member' && mateWork === 'gateway' ? [own, snapshot.network.cidr] : [own],
      // Two members of one VPC see each other without NAT, and idle tunnels between them should cost nothing.
      keepaliveSeconds: work === 'member' && mateWork === 'member' && quiet ? 0 : KEEPALIVE_SECONDS,
    });
  }
  if (work === 'gateway')
    for (const other of snapshot.parts.values())
      if (other !== part)
        links.push(...(arePeered(part, other) ? peeredLinks(other, rank) : outsideLinks(other, rank)));
  return links.sort((a, b) => compareText(a.id, b.id));
}

/** Count of the interfaces that these tunnels need. */
export function planesOf(links: readonly MapPeer[]): number {
  return links.reduce((planes, link) => Math.max(planes, link.plane + 1), 1);
}

/** A cluster's gateways as a gateway of another cluster sees them. The same objects for all of one rank. */
export function outsideLinks(part: ClusterPart, rank: number): readonly MapPeer[] {
  return linksFor(part, outsideMemo, rank, endpointsOutside);
}

/** The same for a gateway of a peered cluster: the private way first, the public one where that is silent. */
export function peeredLinks(part: ClusterPart, rank: number): readonly MapPeer[] {
  return linksFor(part, peeredMemo, rank, endpointsInside);
}

type Memo = WeakMap<ClusterPart, (readonly MapPeer[])[]>;
const outsideMemo: Memo = new WeakMap();
const peeredMemo: Memo = new WeakMap();

function linksFor(
  part: ClusterPart,
  memo: Memo,
  rank: number,
  endpointsOf: (gateway: MeshPeer, rank: number) => Endpoint[],
): readonly MapPeer[] {
  const byRank = memo.get(part) ?? [];
  memo.set(part, byRank);
  const gateways = gatewaysOf(part);
  byRank[rank] ??= gateways.map((gateway) => ({
    ...linkBase(part, gateway),
    endpoints: endpointsOf(gateway, rank),
    allowedIps: [part.cluster.overlayCidr, ...ownOf(gateway, gateways)],
    keepaliveSeconds: KEEPALIVE_SECONDS,
  }));
  return byRank[rank];
}

/** What goes to one of several gateways goes straight to it: inside a cluster gateways do not pass on for each other. */
function ownOf(gateway: MeshPeer, gateways: readonly MeshPeer[]): string[] {
  return gateways.length > 1 ? [`${gateway.overlayAddress}/32`] : [];
}

function linkBase(part: ClusterPart, peer: MeshPeer) {
  const { id, name, clusterId, wireguardKey, nextWireguardKey, overlayAddress } = peer;
  return {
    plane: rankOf(part, peer),
    id,
    name,
    clusterId,
    role: workOf(part, peer),
    wireguardKey,
    nextWireguardKey,
    overlayAddress,
  };
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

/** A peer of rank r is heard on the called one's plane r, whose port is that many further. */
function portsFor(rank: number, endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.map((one) => ({ ...one, port: one.port + rank })).sort(byNearness);
}

function endpointsInside(peer: MeshPeer, rank: number): Endpoint[] {
  return portsFor(rank, peer.endpoints);
}

/** From another cluster a private address leads nowhere, or to somebody else. */
function endpointsOutside(peer: MeshPeer, rank: number): Endpoint[] {
  return portsFor(
    rank,
    peer.endpoints.filter((endpoint) => endpoint.kind !== 'private'),
  );
}
