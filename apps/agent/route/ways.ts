/**
 * Which planes lead to which addresses. Each live gateway that carries a prefix is one way to it, each on a plane of its
 * own; the kernel spreads flows over them. A gateway that is dead, is about to go, or says that it does not reach the
 * prefix is left out for as long as a better one is there.
 */
import type { MapPeer, MapSelf } from '@skein/contract/agent/map.ts';
import { parseCidr, type Range, sizeOf } from '@skein/mesh/ipam/cidr.ts';
import { cidrsOf, spansOf } from '@skein/mesh/policy/ranges.ts';
import { PrefixTable } from './prefix-table.ts';

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

/**
 * Whether others' addresses are reached through this peer, and not itself alone. A member that carries a range is the
 * only way to it: to know whether it lives would help nobody.
 */
export function carriesOthers(peer: MapPeer): boolean {
  return peer.role === 'gateway' && peer.allowedIps.some((cidr) => cidr !== `${peer.overlayAddress}/32`);
}

/**
 * The fewest routes that send every overlay address by the right planes: what a wider prefix already sends the same way
 * gets no route of its own, so that with one plane there is exactly one route, and one for ranges behind clusters where
 * there are any: without these packets would leave beside the tunnel. Sorted from wide to narrow.
 * @param verdicts by peer id; a peer without one counts as live
 */
export function planWays(
  self: MapSelf,
  peers: readonly MapPeer[],
  verdicts: ReadonlyMap<string, Verdict>,
): Way[] {
  const carriers = carriersOf(peers);
  const chosen = new PrefixTable<readonly number[]>();
  const choose = (cidr: string, range: Range, carrying: readonly MapPeer[]) =>
    chosen.set(cidr, planesOf(bestOf(self, range, carrying, verdicts)), range);
  // Pods of the own cluster are its own network's matter, but for what comes by tunnel: see `planPodWays`.
  for (const { cidr, range, said } of carriers.sorted())
    if (!isOwnPods(self, cidr)) choose(cidr, range, said);
  for (const told of toldBy(peers, verdicts)) {
    const range = parseCidr(told);
    if (carriers.get(range) || !isOverlay(self, told) || isOwn(self, told)) continue;
    const outer = carriers.outside(range);
    if (outer) choose(told, range, outer);
  }
  // Whoever of the own cluster is not in the map yet is looked for where members are.
  for (const base of [...wholeOf(self), ...self.pods.elsewhere, self.clusterOverlayCidr])
    if (!chosen.get(parseCidr(base))) chosen.set(base, [0]);

  return chosen.sorted().flatMap(({ cidr, range, said: planes }) => {
    const outer = chosen.outside(range);
    return outer && sameNumbers(outer, planes) ? [] : [{ destination: cidr, planes }];
  });
}

/** By which plane each mate is sent what is for its pods, sorted by address. One mate's are on one plane. */
export function planPodWays(self: MapSelf, peers: readonly MapPeer[]): Way[] {
  return peers
    .flatMap(({ plane, allowedIps }) =>
      allowedIps
        .filter((cidr) => isOwnPods(self, cidr))
        .map((destination) => ({ destination, planes: [plane] })),
    )
    .sort((a, b) => parseCidr(a.destination).first - parseCidr(b.destination).first);
}

/**
 * The prefixes that this agent carries for others and does not reach, as it tells them: no carrier of theirs is live and
 * says to reach them. Where that holds for all of them, or for too many, it is the whole network's range, and what ranges
 * have their addresses from.
 */
export function unreachableBy(
  self: MapSelf,
  peers: readonly MapPeer[],
  verdicts: ReadonlyMap<string, Verdict>,
): string[] {
  const carriers = carriersOf(peers)
    .sorted()
    .filter(({ cidr, said }) => !isOwn(self, cidr) && said.some(carriesOthers));
  const reaches = (peer: MapPeer, range: Range) => {
    const verdict = verdicts.get(peer.id);
    return !verdict || (verdict.live && !tellsUnreachable(self, peer, verdict, range));
  };
  const lost = carriers.flatMap(({ cidr, range, said }) =>
    said.some((peer) => reaches(peer, range)) ? [] : [cidr],
  );
  if (lost.length === 0) return [];
  const told = lost.length === carriers.length ? wholeOf(self) : together(self, lost);
  return told.length > MOST_UNREACHABLE ? wholeOf(self) : told;
}

/** A cluster may have many ranges, and most are given out side by side, as those of pods: neighbours are told as one. */
function together(self: MapSelf, lost: readonly string[]): string[] {
  const clusters = lost.filter((cidr) => within(self.overlayCidr, cidr));
  const behind = lost.filter((cidr) => !clusters.includes(cidr));
  return [...clusters.sort(), ...cidrsOf(spansOf(behind.map(parseCidr)))];
}

/** All that peers and ranges may have. Who says so of it means pods too. */
function wholeOf(self: MapSelf): string[] {
  return self.rangesCidr === null ? [self.overlayCidr] : [self.overlayCidr, self.rangesCidr];
}

function isOverlay(self: MapSelf, cidr: string): boolean {
  return [...wholeOf(self), ...self.pods.elsewhere].some((whole) => within(whole, cidr));
}

function isOwn(self: MapSelf, cidr: string): boolean {
  return within(self.clusterOverlayCidr, cidr) || isOwnPods(self, cidr);
}

function isOwnPods({ pods }: MapSelf, cidr: string): boolean {
  return pods.cluster !== null && within(pods.cluster, cidr);
}

/** Who carries exactly each prefix. */
export function carriersOf(peers: readonly MapPeer[]): PrefixTable<MapPeer[]> {
  const carriers = new PrefixTable<MapPeer[]>();
  for (const peer of peers)
    for (const cidr of peer.allowedIps) {
      const range = parseCidr(cidr);
      const carrying = carriers.get(range);
      if (carrying) carrying.push(peer);
      else carriers.set(cidr, [peer], range);
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
  // Nothing to choose: so it is for all who carry themselves alone, and they may be many.
  if (carrying.length === 1) return carrying;
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
  if (verdict.unreachable.length === 0) return false;
  const whole = parseCidr(self.overlayCidr);
  const concerns = (told: Range) => holds(told, range) || holds(told, whole);
  if (!verdict.unreachable.some((told) => concerns(parseCidr(told)))) return false;
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
  if (peers.length === 1) return peers.map((peer) => peer.plane);
  return [...new Set(peers.map((peer) => peer.plane))].sort((a, b) => a - b);
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
