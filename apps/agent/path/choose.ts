/** Which way to a peer to use, out of those that were tried. Pure; times are milliseconds on one monotonic clock. */
import type { Endpoint } from '@skein/contract/agent/map.ts';

/** A way to a peer and what trying it has shown. */
export interface Tried {
  /** As WireGuard writes it. */
  readonly endpoint: string;
  readonly kind: Endpoint['kind'];
  askedAt: number | null;
  answeredAt: number | null;
  rttMilliseconds: number | null;
  /** Questions since the last answer. */
  unanswered: number;
}

/** Questions in a row that stay without answer until a way counts as dead. */
export const UNANSWERED = 3;
/** While a way that is in use is in doubt, or a better one is looked for. */
const QUICK_MILLISECONDS = 400;
/** The way in use, where losing it must be noticed within two seconds. */
const USED_MILLISECONDS = 500;
/** Ways that wait for the others to fail: often enough for NATs and relays to remember. */
const SPARE_MILLISECONDS = 10_000;
/** A better way that did not answer so far, once the first haste is over. */
const LATER_MILLISECONDS = 20_000;
const HASTE_MILLISECONDS = 10_000;
/** A relay must be so much quicker than the one in use to be worth changing to. */
const QUICKER = 0.7;

export const newWay = (endpoint: string, kind: Endpoint['kind']): Tried => ({
  endpoint,
  kind,
  askedAt: null,
  answeredAt: null,
  rttMilliseconds: null,
  unanswered: 0,
});

export function isAlive(way: Tried): boolean {
  return way.answeredAt !== null && way.unanswered < UNANSWERED;
}

/** By way of a relay, over UDP or TLS. */
export const isRelayed = ({ kind }: Pick<Tried, 'kind'>): boolean => kind === 'relayed' || kind === 'tls';

/** Best first: the lower one is to be used, however quick the other is. */
export function rankOf({ kind }: Pick<Tried, 'kind'>): number {
  return kind === 'tls' ? 2 : kind === 'relayed' ? 1 : 0;
}

/**
 * The way to use from now on, or null where none has answered: the first in the map's order that lives, and of the
 * relays the quicker one. Over TLS goes what finds no other way.
 * @param ways best first
 */
export function chooseWay(ways: readonly Tried[], used: string | null): string | null {
  const alive = ways.filter(isAlive);
  const direct = alive.find((way) => !isRelayed(way));
  if (direct) return direct.endpoint;
  const byUdp = alive.filter((way) => way.kind === 'relayed');
  const living = byUdp.length > 0 ? byUdp : alive;
  const held = living.find((way) => way.endpoint === used);
  const rtt = (way: Tried) => way.rttMilliseconds ?? Number.POSITIVE_INFINITY;
  const [quickest] = [...living].sort((a, b) => rtt(a) - rtt(b));
  if (held && quickest && rtt(quickest) > rtt(held) * QUICKER) return held.endpoint;
  // None lives: what was used stays, for packets that find their way all the same.
  return quickest?.endpoint ?? used;
}

/**
 * Which ways to try now.
 * @param since when this peer's ways were last looked at anew
 */
export function dueWays(
  ways: readonly Tried[],
  used: string | null,
  since: number,
  now: number,
): readonly Tried[] {
  const at = ways.findIndex((way) => way.endpoint === used);
  const held = ways[at];
  const inDoubt = !held || !isAlive(held) || held.unanswered > 1;
  const hasty = now - since < HASTE_MILLISECONDS;
  return ways.filter((way, index) => {
    const pause =
      inDoubt && (hasty || isRelayed(way) || index === at || isAlive(way))
        ? QUICK_MILLISECONDS
        : index === at
          ? USED_MILLISECONDS
          : hasty && (index < at || way.answeredAt === null)
            ? QUICK_MILLISECONDS
            : index < at
              ? LATER_MILLISECONDS
              : SPARE_MILLISECONDS;
    return way.askedAt === null || now - way.askedAt >= pause;
  });
}

/** What the answers of several peers say about the NAT before this one, if they say anything. */
export function natOf(
  seen: readonly { by: string; address: string; port: number }[],
  own: { address: string | null; port: number },
): 'none' | 'independent' | 'dependent' | 'unknown' {
  if (seen.some((one) => one.address === own.address && one.port === own.port)) return 'none';
  const observers = new Set(seen.map((one) => one.by));
  const places = new Set(seen.map((one) => `${one.address}:${one.port}`));
  if (places.size > 1) return 'dependent';
  return observers.size > 1 ? 'independent' : 'unknown';
}
