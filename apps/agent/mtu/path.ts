/**
 * The largest packet that one tunnel carries, found by padded probes. This file: the pure course of the search. A
 * packet that was answered proves its size; one that was not proves something only when a small one, sent at the same
 * moment, was. So sizes are raised after proof alone, and lowered as soon as large packets vanish and small ones do not,
 * whether or not any router says so.
 */

/** Every size is a multiple of WireGuard's padding, or the sealed packet would be larger than what was asked about. */
const STEP = 16;
/** Below this the kernel keeps no route's MTU (`net.ipv4.route.min_pmtu` is 552). */
export const FLOOR = 576;
/** The overlay's largest packet: what fits sealed into a frame of 9,000. */
export const LARGEST = 8928;
/** Passes wherever anything passes. */
export const SMALL = 128;
/** What WireGuard puts around a packet on IPv4: 20 + 8 + 32 bytes. */
export const WIREGUARD_BYTES = 60;
/** The header of IPv6 is so much longer. */
const LONGER_BYTES = 20;

/** Where paths commonly end, WireGuard's own bytes taken off: tried first, so that most searches end with one round. */
const COMMON = [576, 768, 1024, 1152, 1216, 1280, 1312, 1344, 1360, 1376, 1392, 1408, 1424, 1440, 4032];
const SIZES_PER_ROUND = 14;
const MOST_ROUNDS = 5;

/** A path that carries traffic is confirmed this often; one that lies idle, and one that may be raised again: */
const CONFIRM_BUSY_SECONDS = 1;
const CONFIRM_IDLE_SECONDS = 600;
const SEARCH_AGAIN_SECONDS = 300;
/** After a round in which nothing at all came back, doubled with each such round up to the pace of idle paths. */
const SILENT_SECONDS = 5;

export interface Path {
  /** What this node's own side allows. */
  ceiling: number;
  /** In use now. */
  mtu: number;
  /** A search: everything up to `low` passes (0: nothing is known), nothing from `high` on does. */
  search: { low: number; high: number; rounds: number } | null;
  /** Rounds in a row in which nothing came back. */
  silences: number;
  /** When the next round is due, and when sizes above `mtu` are worth trying again; milliseconds. */
  dueAt: number;
  searchAt: number;
}

/** A path not looked at yet. @param mtu to use until a probe says better */
export function newPath(mtu: number, ceiling: number, now: number): Path {
  return {
    ceiling,
    mtu: Math.min(mtu, ceiling),
    search: fresh(ceiling),
    silences: 0,
    dueAt: now,
    searchAt: now,
  };
}

/** The largest inner size for an underlay MTU. @param six where the underlay is IPv6 */
export function ceilingOf(underlayMtu: number, six = false): number {
  const room = underlayMtu - WIREGUARD_BYTES - (six ? LONGER_BYTES : 0);
  const inner = Math.floor(room / STEP) * STEP;
  return Math.max(FLOOR, Math.min(LARGEST, inner));
}

/** The path with another ceiling: lowered at once where it is in the way, searched again where it gave room. */
export function withCeiling(path: Path, ceiling: number, now: number): Path {
  if (ceiling === path.ceiling) return path;
  const mtu = Math.min(path.mtu, ceiling);
  return { ...path, ceiling, mtu, search: fresh(ceiling), dueAt: now };
}

/** The path after its endpoint changed: what was proven was another way. @param mtu as for `newPath` */
export function onOtherWay(path: Path, mtu: number, now: number): Path {
  return { ...path, mtu: Math.min(path.mtu, mtu), search: fresh(path.ceiling), silences: 0, dueAt: now };
}

/** The path now that it carries traffic: looked at soon. */
export function whenBusy(path: Path, now: number): Path {
  const soon = now + CONFIRM_BUSY_SECONDS * 1000;
  return path.dueAt > soon ? { ...path, dueAt: soon } : path;
}

/** Sizes of the probes of the next round, in bytes of the whole inner packet; the small one is the first. */
export function sizesOf(path: Path): number[] {
  const { search } = path;
  if (search === null) return [SMALL, path.mtu];
  const within = (size: number) => size > search.low && size < search.high;
  if (search.rounds === 0) {
    const first = new Set([...COMMON, path.ceiling, path.mtu].filter(within));
    return [SMALL, ...[...first].sort((a, b) => a - b)];
  }
  const between = Math.floor((search.high - search.low - 1) / STEP);
  const count = Math.min(SIZES_PER_ROUND, between);
  const sizes = Array.from({ length: count }, (_, index) => {
    const steps = Math.ceil(((index + 1) * between) / count);
    return search.low + steps * STEP;
  });
  return [SMALL, ...new Set(sizes.filter(within))];
}

/**
 * The path after a round.
 * @param sent what `sizesOf` said
 * @param answered those of them that came back
 */
export function afterRound(
  path: Path,
  sent: readonly number[],
  answered: ReadonlySet<number>,
  now: number,
  busy: boolean,
): Path {
  const next = now + (busy ? CONFIRM_BUSY_SECONDS : CONFIRM_IDLE_SECONDS) * 1000;
  const best = Math.max(0, ...sent.filter((size) => answered.has(size)));
  // Nothing came back: the path is down or far behind, which says nothing about sizes.
  if (best === 0) {
    const seconds = Math.min(SILENT_SECONDS * 2 ** path.silences, CONFIRM_IDLE_SECONDS);
    return { ...path, silences: path.silences + 1, dueAt: now + seconds * 1000 };
  }
  if (path.silences > 0) path = { ...path, silences: 0 };
  if (path.search === null) {
    if (!answered.has(path.mtu)) return { ...path, search: fresh(path.ceiling), dueAt: now };
    if (now < path.searchAt || path.mtu >= path.ceiling) return { ...path, dueAt: next };
    return { ...path, search: { ...fresh(path.ceiling), low: path.mtu }, dueAt: now };
  }
  const low = Math.max(path.search.low, best > SMALL ? best : 0);
  const high = Math.min(path.search.high, ...sent.filter((size) => size > Math.max(low, SMALL)));
  const rounds = path.search.rounds + 1;
  const mtu = low > path.mtu ? low : high <= path.mtu ? Math.max(low, FLOOR) : path.mtu;
  if (high - low > STEP && rounds < MOST_ROUNDS && high > FLOOR)
    return { ...path, mtu, search: { low, high, rounds }, dueAt: now };
  return { ...path, mtu, search: null, dueAt: next, searchAt: now + SEARCH_AGAIN_SECONDS * 1000 };
}

function fresh(ceiling: number): NonNullable<Path['search']> {
  return { low: 0, high: ceiling + STEP, rounds: 0 };
}
