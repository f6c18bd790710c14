/**
 * Whether others' packets go by a plane, told from the kernel's counters of its interface and from what this agent sent
 * and received there itself: agents that ask each other fast must not keep each other awake.
 */

/** Packets of an interface since it was made. */
export interface Counters {
  sent: number;
  received: number;
}

export interface Traffic {
  /** Counts packets of our own; negative takes back. */
  own(plane: number, direction: keyof Counters, count: number): void;
  /** Takes the counters of a plane; null where it has no interface now. */
  look(plane: number, counters: Counters | null, now: number): void;
  /** So much goes by the plane that losing it would be felt at once. */
  isBusy(plane: number, now: number): boolean;
  /** Since when no packet of others has gone by any plane: monotonic milliseconds. */
  quietSince(): number;
  /** Something goes by any plane. */
  isWarm(now: number): boolean;
}

/** Packets within `WINDOW_MILLISECONDS` that make a plane busy. */
const BUSY_PACKETS = 8;
const WINDOW_MILLISECONDS = 1000;
/** How long a plane stays what it was after its last packets. */
const LINGER_MILLISECONDS = 3000;

interface Seen {
  own: Counters;
  /** Others' packets so far, by direction: the most ever seen, for our own may be counted before the kernel does. */
  others: Counters;
  base: Counters | null;
  windowStart: number;
  windowPackets: number;
  busyUntil: number;
  warmUntil: number;
}

export function newTraffic(): Traffic {
  const planes = new Map<number, Seen>();
  let lastAt = Number.NEGATIVE_INFINITY;
  const at = (plane: number): Seen => {
    const seen = planes.get(plane) ?? {
      own: { sent: 0, received: 0 },
      others: { sent: 0, received: 0 },
      base: null,
      windowStart: 0,
      windowPackets: 0,
      busyUntil: 0,
      warmUntil: 0,
    };
    planes.set(plane, seen);
    return seen;
  };
  return {
    own: (plane, direction, count) => {
      at(plane).own[direction] += count;
    },
    look: (plane, counters, now) => {
      const seen = at(plane);
      // An interface made anew counts from nothing.
      const isNew =
        !counters || !seen.base || counters.sent < seen.base.sent || counters.received < seen.base.received;
      if (isNew) {
        seen.base = counters;
        seen.own = { sent: 0, received: 0 };
        seen.others = { sent: 0, received: 0 };
        return;
      }
      let fresh = 0;
      for (const direction of ['sent', 'received'] as const) {
        const others = counters[direction] - (seen.base?.[direction] ?? 0) - seen.own[direction];
        fresh += Math.max(0, others - seen.others[direction]);
        seen.others[direction] = Math.max(seen.others[direction], others);
      }
      if (now - seen.windowStart >= WINDOW_MILLISECONDS) {
        seen.windowStart = now;
        seen.windowPackets = 0;
      }
      seen.windowPackets += fresh;
      if (fresh > 0) {
        lastAt = now;
        seen.warmUntil = now + LINGER_MILLISECONDS;
      }
      if (seen.windowPackets >= BUSY_PACKETS && fresh > 0) seen.busyUntil = now + LINGER_MILLISECONDS;
    },
    quietSince: () => lastAt,
    isBusy: (plane, now) => (planes.get(plane)?.busyUntil ?? 0) > now,
    isWarm: (now) => [...planes.values()].some((seen) => seen.warmUntil > now),
  };
}
