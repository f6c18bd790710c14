/**
 * Which pairs of peers need relays, and which relays they get. An allocation that still serves stays where it is:
 * moving one would break a way that works.
 */
import { createHash } from 'node:crypto';
import {
  type ClusterPart,
  compareText,
  type MeshAllocation,
  type MeshPeer,
  type Snapshot,
} from '../network.ts';
import { linksOf } from '../topology/links.ts';
import { relayAddress, relaysOf, sharesNetwork } from './relayed.ts';

/** So that one relay may be lost. */
export const RELAYS_PER_PAIR = 2;
/** Each pair keeps two ports of a relay. These are below the range that Linux gives to programs of its own accord. */
export const RELAY_PORTS = { first: 20_000, last: 27_999 } as const;
/** The same for pairs of which one comes over TLS: the kernel alone cannot serve these. */
export const TLS_RELAY_PORTS = { first: 28_000, last: 29_999 } as const;
/** How long an allocation holds, and with how little of it left it is renewed. */
export const ALLOCATION_SECONDS = 48 * 3600;
const RENEW_SECONDS = 24 * 3600;
/** 100 Mb/s each way, as much as a small instance may send for long. */
export const KILOBYTES_PER_SECOND = 12_500;

export interface RelayPlan {
  /** New and renewed allocations, with the relay that holds each. */
  readonly set: readonly { relayId: string; allocation: MeshAllocation }[];
  readonly removed: readonly { relayId: string; id: string }[];
}

interface Place {
  readonly part: ClusterPart;
  readonly peer: MeshPeer;
}
type Pair = readonly [Place, Place];

/** A pair that needs relays, and which of the two come over TLS; `tls` is left out where it is neither. */
interface Need {
  readonly pair: Pair;
  readonly tls?: readonly [boolean, boolean];
}

/** What leads from the allocations of the snapshot to those that its pairs need at `now` (milliseconds since 1970). */
export function planRelays(snapshot: Snapshot, now: number): RelayPlan {
  const relays: Place[] = [...snapshot.parts.values()].flatMap((part) =>
    relaysOf(part).map((peer) => ({ part, peer })),
  );
  const needs = relays.length > 0 ? needsOf(snapshot) : new Map<string, Need>();
  const set: { relayId: string; allocation: MeshAllocation }[] = [];
  const removed: { relayId: string; id: string }[] = [];
  const held = new Map<string, string[]>();
  const ports = new Map<string, Set<number>>(relays.map(({ peer }) => [peer.id, new Set()]));
  for (const relay of relays)
    for (const allocation of relay.peer.relay?.allocations ?? []) {
      const key = keyOf(allocation.peers, allocation.tls !== undefined);
      const need = needs.get(key);
      const others = held.get(key) ?? [];
      if (!need || !serves(relay, need) || others.length >= RELAYS_PER_PAIR) {
        removed.push({ relayId: relay.peer.id, id: allocation.id });
        continue;
      }
      held.set(key, [...others, relay.peer.id]);
      ports.get(relay.peer.id)?.add(allocation.port);
      const renewed = Date.parse(allocation.until) - now < RENEW_SECONDS * 1000;
      if (!renewed && need.tls?.join() === allocation.tls?.join()) continue;
      const until = renewed ? untilFrom(now) : allocation.until;
      set.push({ relayId: relay.peer.id, allocation: { ...allocation, ...overTls(need), until } });
    }
  for (const [key, need] of [...needs].sort(([a], [b]) => compareText(a, b))) {
    const chosen = held.get(key) ?? [];
    while (chosen.length < RELAYS_PER_PAIR) {
      const relay = bestFor(need, relays, chosen, ports);
      const port = relay && freePort(ports.get(relay.peer.id) ?? new Set(), need);
      if (!relay || port === undefined) break;
      chosen.push(relay.peer.id);
      ports.get(relay.peer.id)?.add(port);
      set.push({ relayId: relay.peer.id, allocation: allocationFor(need, relay, port, now) });
    }
  }
  return { set, removed };
}

function needsOf(snapshot: Snapshot): Map<string, Need> {
  const needs = new Map<string, Need>();
  for (const [key, pair] of pairsInNeed(snapshot)) needs.set(key, { pair });
  for (const need of pairsOverTls(snapshot)) needs.set(keyOf(idsOf(need.pair), true), need);
  return needs;
}

/**
 * Linked pairs of which one has no UDP. What is between the two may have a public address all the same, and those that
 * need relays by UDP too keep them, for the day on which it is let through again.
 */
function pairsOverTls(snapshot: Snapshot): Need[] {
  const places = [...snapshot.parts.values()].flatMap((part) => part.peers.map((peer) => ({ part, peer })));
  const blocked = places.filter(({ peer }) => peer.udpBlocked);
  if (blocked.length === 0) return [];
  const byId = new Map(places.map((place) => [place.peer.id, place]));
  return blocked.flatMap((self) =>
    linksOf(snapshot, self.part, self.peer).flatMap((link): Need[] => {
      const other = byId.get(link.id);
      if (!other || sharesNetwork(self.part, other.part)) return [];
      const isFirst = compareText(self.peer.id, link.id) < 0;
      // Told once where both are.
      if (other.peer.udpBlocked && !isFirst) return [];
      const pair: Pair = isFirst ? [self, other] : [other, self];
      return [{ pair, tls: [pair[0].peer.udpBlocked === true, pair[1].peer.udpBlocked === true] }];
    }),
  );
}

/**
 * Linked pairs that may find no way to each other: neither has a public address, nor do they share a network in which
 * private ones lead there. Where a way is opened through the NATs after all, the relay idles.
 */
export function pairsInNeed(snapshot: Snapshot): Map<string, Pair> {
  const hidden = new Map<string, Place>();
  for (const part of snapshot.parts.values())
    for (const peer of part.peers)
      if (!peer.endpoints.some((one) => one.kind === 'public')) hidden.set(peer.id, { part, peer });
  const pairs = new Map<string, Pair>();
  for (const self of hidden.values())
    for (const link of linksOf(snapshot, self.part, self.peer)) {
      const other = hidden.get(link.id);
      if (!other || compareText(self.peer.id, link.id) > 0 || sharesNetwork(self.part, other.part)) continue;
      pairs.set(keyOf([self.peer.id, link.id]), [self, other]);
    }
  return pairs;
}

function keyOf(peers: readonly [string, string], overTls = false): string {
  return `${peers[0]} ${peers[1]}${overTls ? ' tls' : ''}`;
}

function idsOf([first, second]: Pair): [string, string] {
  return [first.peer.id, second.peer.id];
}

function overTls({ tls }: Need): Pick<MeshAllocation, 'tls'> {
  return tls ? { tls } : {};
}

function untilFrom(now: number): string {
  return new Date(now + ALLOCATION_SECONDS * 1000).toISOString();
}

/** Over TLS a relay also takes in who wants to reach the relay itself. */
function serves(relay: Place, { pair, tls }: Need): boolean {
  if (tls && !relay.peer.relay?.tls) return false;
  return pair.every(({ peer, part }) =>
    peer.id === relay.peer.id ? tls !== undefined : relayAddress(relay.part, relay.peer, part) !== undefined,
  );
}

/** The nearest; of those equally near the least loaded; of those one by a hash, so that pairs spread. */
function bestFor(
  need: Need,
  relays: readonly Place[],
  chosen: readonly string[],
  ports: ReadonlyMap<string, ReadonlySet<number>>,
): Place | undefined {
  const { pair } = need;
  const taken = relays.filter(({ peer }) => chosen.includes(peer.id)).map(({ part }) => part);
  const scored = relays
    .filter((relay) => !chosen.includes(relay.peer.id) && serves(relay, need))
    .map((relay) => ({
      relay,
      // Two relays of one cluster are lost together.
      beside: taken.includes(relay.part) ? 1 : 0,
      distance: distance(relay.part, pair[0].part) + distance(relay.part, pair[1].part),
      load: ports.get(relay.peer.id)?.size ?? 0,
      turn: createHash('sha256')
        .update(`${relay.peer.id} ${pair[0].peer.id} ${pair[1].peer.id}`)
        .digest('hex'),
    }));
  scored.sort(
    (a, b) =>
      a.beside - b.beside || a.distance - b.distance || a.load - b.load || compareText(a.turn, b.turn),
  );
  return scored[0]?.relay;
}

/** From the same place 0 to another provider 3. Which of a pair's two relays is quicker its agents measure. */
function distance(a: ClusterPart, b: ClusterPart): number {
  if (a === b) return 0;
  const [one, other] = [a.cluster.place, b.cluster.place];
  if (one === null || other === null) return 3;
  if (one.provider !== other.provider) return 3;
  return one.region === other.region ? 1 : 2;
}

/** Looked for from a place of the pair's own, so that a port just given back is seldom the next that is given. */
function freePort(taken: ReadonlySet<number>, { pair, tls }: Need): number | undefined {
  const range = tls ? TLS_RELAY_PORTS : RELAY_PORTS;
  const pairs = (range.last + 1 - range.first) / 2;
  const start = createHash('sha256')
    .update(keyOf(idsOf(pair)))
    .digest()
    .readUInt32BE();
  for (let turn = 0; turn < pairs; turn += 1) {
    const port = range.first + 2 * ((start + turn) % pairs);
    if (!taken.has(port)) return port;
  }
  return undefined;
}

function allocationFor(need: Need, relay: Place, port: number, now: number): MeshAllocation {
  const [first, second] = need.pair;
  return {
    ...overTls(need),
    id: `${first.peer.id} ${second.peer.id} ${relay.peer.id}${need.tls ? ' tls' : ''}`,
    peers: idsOf(need.pair),
    clusters: [first.part.cluster.id, second.part.cluster.id],
    port,
    kilobytesPerSecond: KILOBYTES_PER_SECOND,
    until: untilFrom(now),
  };
}
