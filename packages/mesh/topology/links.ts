/**
 * The tunnels that one peer holds. Inside a cluster every peer holds one to every other; between clusters gateways do,
 * where the topology links their clusters. Traffic to another cluster goes member, any of its gateways, any gateway of
 * each cluster on the way, member. In full topology every peer holds tunnels to all others and none passes traffic on.
 */
import type { Endpoint, MapPeer } from '@skein/contract/agent/map.ts';
import { arePeered, type ClusterPart, compareText, type MeshPeer, type Snapshot } from '../network.ts';
import { podCidrOf, podCidrsBeside, podsOf, podsThrough } from '../pods/carry.ts';
import { carriedBy, rangesCidrOf, rangesThrough } from '../range/carriers.ts';
import { gatewaysOf, rankOf, workOf } from './gateways.ts';
import { graphOf } from './plan.ts';
import { waysFrom } from './ways.ts';

/** Seconds between keepalives where a NAT may stand in between: below the 30 s after which common NATs forget UDP. */
export const KEEPALIVE_SECONDS = 25;

/**
 * The tunnels that one peer holds, sorted by id, with the addresses each carries. No prefix is carried by two peers of
 * one plane; on different planes each gateway of a cluster carries the same ones.
 */
export function linksOf(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  const links =
    snapshot.network.topology === 'full'
      ? linksToAll(snapshot, part, self)
      : [...linksInside(snapshot, part, self), ...linksToClusters(snapshot, part, self)];
  return links.sort((a, b) => compareText(a.id, b.id));
}

function linksInside(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  const work = workOf(part, self);
  const rank = rankOf(part, self);
  const rangesCidr = rangesCidrOf(snapshot);
  const everything = [
    snapshot.network.cidr,
    ...(rangesCidr === null ? [] : [rangesCidr]),
    ...podCidrsBeside(snapshot, part),
  ];
  return part.peers
    .filter((mate) => mate.id !== self.id)
    .map((mate) => {
      const mateWork = workOf(part, mate);
      // What all gateways carry is no mate's own: members find it in what they send to gateways anyway.
      const behind = part.cluster.ranges.filter(({ peerId }) => peerId === mate.id);
      const own = [
        `${mate.overlayAddress}/32`,
        ...behind.map(({ overlayCidr }) => overlayCidr),
        ...podsOf(part, mate),
      ];
      return {
        ...linkBase(part, mate),
        endpoints: endpointsInside(mate, rank),
        allowedIps: work === 'member' && mateWork === 'gateway' ? [...own, ...everything] : own,
        keepaliveSeconds:
          work === 'member' && mateWork === 'member' && areQuiet(part, self, mate) ? 0 : KEEPALIVE_SECONDS,
      };
    });
}

/** A gateway's tunnels to the gateways of the clusters linked with its own. */
function linksToClusters(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  if (workOf(part, self) === 'member') return [];
  const rank = rankOf(part, self);
  const links: MapPeer[] = [];
  for (const [neighbour, reached] of waysFrom(graphOf(snapshot), part.cluster.id)) {
    const other = snapshot.parts.get(neighbour);
    if (!other) continue;
    const near = arePeered(part, other) ? peeredLinks(other, rank) : outsideLinks(other, rank);
    const beyond = reached.slice(1).flatMap((id) => {
      const far = snapshot.parts.get(id)?.cluster;
      return far ? [far.overlayCidr, ...far.ranges.map((range) => range.overlayCidr), ...podCidrOf(far)] : [];
    });
    if (beyond.length === 0) links.push(...near);
    else for (const link of near) links.push({ ...link, allowedIps: [...link.allowedIps, ...beyond] });
  }
  return links;
}

/** In full topology: one to each other peer, which carries its own address and the ranges behind it. */
function linksToAll(snapshot: Snapshot, part: ClusterPart, self: MeshPeer): MapPeer[] {
  const links: MapPeer[] = [];
  for (const other of snapshot.parts.values()) {
    const near = other === part || arePeered(part, other);
    for (const [at, link] of peerLinks(other).entries()) {
      const peer = other.peers[at];
      if (!peer || peer.id === self.id) continue;
      const quiet = other === part ? areQuiet(part, self, peer) : isPublic(self) && isPublic(peer);
      // The very object where it needs no change: most maps hold mostly the same.
      if (near && !quiet) links.push(link);
      else
        links.push({
          ...link,
          endpoints: near ? link.endpoints : link.endpoints.filter(({ kind }) => kind !== 'private'),
          keepaliveSeconds: quiet ? 0 : KEEPALIVE_SECONDS,
        });
    }
  }
  return links;
}

const peerMemo = new WeakMap<ClusterPart, readonly MapPeer[]>();

/** A cluster's peers as those see them that hold a tunnel to each, in the order of the part. */
export function peerLinks(part: ClusterPart): readonly MapPeer[] {
  const known = peerMemo.get(part);
  if (known) return known;
  const links = part.peers.map((peer) => ({
    ...linkBase(part, peer),
    plane: 0,
    endpoints: endpointsInside(peer, 0),
    allowedIps: [
      `${peer.overlayAddress}/32`,
      ...carriedBy('full', part, peer).map(({ overlayCidr }) => overlayCidr),
      ...podsOf(part, peer),
    ],
    keepaliveSeconds: KEEPALIVE_SECONDS,
  }));
  peerMemo.set(part, links);
  return links;
}

/** Two nodes of one VPC see each other without NAT, and idle tunnels between them should cost nothing. */
function areQuiet(part: ClusterPart, self: MeshPeer, mate: MeshPeer): boolean {
  return part.cluster.vpcCidr !== null && hasEndpoint(self, 'private') && hasEndpoint(mate, 'private');
}

function isPublic(peer: MeshPeer): boolean {
  return hasEndpoint(peer, 'public');
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
    allowedIps: [
      part.cluster.overlayCidr,
      ...ownOf(gateway, gateways),
      ...rangesThrough(part, gateway),
      ...podsThrough(part, gateway),
    ],
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

function hasEndpoint(peer: MeshPeer, kind: Endpoint['kind']): boolean {
  return peer.endpoints.some((endpoint) => endpoint.kind === kind);
}

/** IPv6 before public IPv4: it costs as much, and no NAT forgets it. */
const NEAREST: readonly Endpoint['kind'][] = ['private', 'global', 'public', 'observed'];

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
