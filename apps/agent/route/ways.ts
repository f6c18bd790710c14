/**
 * Which planes lead to which addresses. Each live gateway that carries a prefix is one way to it, each on a plane of its
 * own; the kernel spreads flows over them. A gateway that is dead, is about to go, or says that it does not reach the
 * prefix is left out for as long as a better one is there.
 */
import type { MapPeer, MapSelf } from '@skein/contract/agent/map.ts';
import { formatCidr, parseCidr, type Range, sizeOf } from '@skein/mesh/ipam/cidr.ts';

/** What is known of a peer that carries more than itself. */
export interface Verdict {
  live: boolean;
  /** About to go: not to be used while another is there. */
  draining: boolean;
  /** Prefixes that the peer says it does not reach at present. */
  unreachable: readonly string[];
}

/** Packets to `destination` go by these planes. */
export interface Way {
  destination: string;
  /** Ascending, never empty. */
  planes: readonly number[];
}

/** A way with the largest packet that it carries. */
export interface SizedWay extends Way {
  mtu: number;
}

/** Prefixes that an agent tells others it does not reach; past this it says that it reaches nothing. */
export const MOST_UNREACHABLE = 32;

/** Whether others' addresses are reached through this peer, and not itself alone. */
export function carriesOthers(peer: MapPeer): boolean {
  return peer.allowedIps.some((cidr) => cidr !== `${peer.overlayAddress}/32`);
}

/**
 * The fewest routes that send every overlay address by the right planes: what a wider prefix already sends the same way
 * gets no route of its own, so that with one plane there is exactly one route. The network's whole range always has
 * one, or packets would leave beside the tunnel. Sorted from wide to narrow.
 * @param verdicts by peer id; a peer without one counts as live
 */
export function planWays(
  self: MapSelf,
  peers: readonly MapPeer[],
  verdicts: ReadonlyMap<string, Verdict>,
): Way[] {
  const carriers = carriersOf(peers);
  const chosen = new Map<string, { range: Range; planes: readonly number[] }>();
  const choose = (destination: string, carrying: readonly MapPeer[]) => {
    const range = parseCidr(destination);
    chosen.set(formatCidr(range), { range, planes: planesOf(bestOf(self, range, carrying, verdicts)) });
  };
  for (const [destination, carrying] of carriers) choose(destination, carrying);
  for (const told of toldBy(peers, verdicts)) {
    if (carriers.has(told) || !within(self.overlayCidr, told) || within(self.clusterOverlayCidr, told))
      continue;
    const outer = nearestOuter(parseCidr(told), carriers);
    if (outer) choose(told, outer);
  }
  // Whoever of the own cluster is not in the map yet is looked for where members are.
  for (const base of [self.overlayCidr, self.clusterOverlayCidr])
    if (!chosen.has(base)) chosen.set(base, { range: parseCidr(base), planes: [0] });

  const sorted = [...chosen].sort(
    ([, a], [, b]) => a.range.prefixLength - b.range.prefixLength || a.range.first - b.range.first,
  );
  return sorted.flatMap(([destination, { range, planes }]) => {
    const outer = nearestOuter(range, chosen);
    return outer && sameNumbers(outer.planes, planes) ? [] : [{ destination, planes }];
  });
}

/**
 * The prefixes that this agent carries for others and does not reach, as it tells them: no carrier of theirs is live and
 * says to reach them. Where that holds for all of them, or for too many, it is the whole network's range.
 */
export function unreachableBy(
  self: MapSelf,
  peers: readonly MapPeer[],
  verdicts: ReadonlyMap<string, Verdict>,
): string[] {
  const carriers = [...carriersOf(peers)].filter(
    ([destination]) => !within(self.clusterOverlayCidr, destination),
  );
  const reaches = (peer: MapPeer, range: Range) => {
    const verdict = verdicts.get(peer.id);
    return !verdict || (verdict.live && !tellsUnreachable(self, peer, verdict, range));
  };
  const lost = carriers.flatMap(([destination, carrying]) =>
    carrying.some((peer) => reaches(peer, parseCidr(destination))) ? [] : [destination],
  );
  if (lost.length === 0) return [];
  return lost.length === carriers.length || lost.length > MOST_UNREACHABLE ? [self.overlayCidr] : lost.sort();
}

function carriersOf(peers: readonly MapPeer[]): Map<string, MapPeer[]> {
  const carriers = new Map<string, MapPeer[]>();
  for (const peer of peers)
    for (const cidr of peer.allowedIps) {
      const carrying = carriers.get(cidr);
      if (carrying) carrying.push(peer);
      else carriers.set(cidr, [peer]);
    }
  return carriers;
}

/** The best there are: nobody is left out when nothing better is known. */
function bestOf(
  self: MapSelf,
  range: Range,
  carrying: readonly MapPeer[],
  verdicts: ReadonlyMap<string, Verdict>,
): readonly MapPeer[] {
  const known = carrying.map((peer) => ({ peer, verdict: verdicts.get(peer.id) }));
  const live = known.filter(({ verdict }) => !verdict || verdict.live);
  const reaching = live.filter(
    ({ peer, verdict }) => !verdict || !tellsUnreachable(self, peer, verdict, range),
  );
  const staying = (of: typeof known) => of.filter(({ verdict }) => !verdict?.draining);
  const tiers = [staying(reaching), reaching, staying(live), live];
  return (tiers.find((tier) => tier.length > 0) ?? known).map(({ peer }) => peer);
}

/** What a peer says of the whole network does not concern its own cluster, whose peers it holds tunnels to. */
function tellsUnreachable(self: MapSelf, peer: MapPeer, verdict: Verdict, range: Range): boolean {
  if (!verdict.unreachable.some((told) => holds(parseCidr(told), range))) return false;
  return !holds(homeOf(self, peer), range);
}

/** The range of the cluster that a peer is in, as far as this agent is told. */
function homeOf(self: MapSelf, peer: MapPeer): Range {
  if (peer.clusterId === self.clusterId) return parseCidr(self.clusterOverlayCidr);
  const itself = parseCidr(`${peer.overlayAddress}/32`);
  const holding = peer.allowedIps
    .map(parseCidr)
    .filter((range) => range.prefixLength < 32 && holds(range, itself))
    .sort((a, b) => b.prefixLength - a.prefixLength);
  return holding[0] ?? itself;
}

function toldBy(peers: readonly MapPeer[], verdicts: ReadonlyMap<string, Verdict>): Set<string> {
  return new Set(peers.flatMap((peer) => verdicts.get(peer.id)?.unreachable ?? []));
}

function planesOf(peers: readonly MapPeer[]): number[] {
  return [...new Set(peers.map((peer) => peer.plane))].sort((a, b) => a - b);
}

/** What is said of the narrowest prefix that holds `range` and is not it. */
function nearestOuter<T>(range: Range, said: ReadonlyMap<string, T>): T | undefined {
  for (let prefixLength = range.prefixLength - 1; prefixLength >= 0; prefixLength -= 1) {
    const size = 2 ** (32 - prefixLength);
    const first = Math.floor(range.first / size) * size;
    const found = said.get(formatCidr({ first, prefixLength }));
    if (found !== undefined) return found;
  }
  return undefined;
}

function within(outer: string, inner: string): boolean {
  return holds(parseCidr(outer), parseCidr(inner));
}

function holds(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && inner.first + sizeOf(inner) <= outer.first + sizeOf(outer);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
