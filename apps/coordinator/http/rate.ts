/** A token bucket an address: enrolment is the one thing here that a stranger may ask for. Time is an argument. */

export interface RateLimit {
  /** Calls that may come at once. */
  burst: number;
  perSecond: number;
  /** Addresses remembered; the one unheard of longest is forgotten first. */
  most: number;
}

export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, { left: number; atMilliseconds: number }>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Whether this call may go on. */
  take(address: string, nowMilliseconds: number): boolean {
    const { burst, perSecond, most } = this.#limit;
    const old = this.#buckets.get(address);
    const gained = old ? ((nowMilliseconds - old.atMilliseconds) / 1000) * perSecond : burst;
    const left = Math.min(burst, (old?.left ?? 0) + gained);
    // Put back last, so that the map's order is that of last use.
    this.#buckets.delete(address);
    this.#buckets.set(address, { left: left < 1 ? left : left - 1, atMilliseconds: nowMilliseconds });
    if (this.#buckets.size > most) {
      const oldest = this.#buckets.keys().next().value;
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return left >= 1;
  }
}

/** Whom to count: an IPv4 address, or of an IPv6 one the 64 bits that a single customer is given whole. */
export function callerOf(address: string | undefined): string {
  const text = (address ?? '').replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!text.includes(':')) return text;
  const [front = [], back = []] = text
    .split('::')
    .map((half) => half.split(':').filter((part) => part !== ''));
  const zeros = new Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
