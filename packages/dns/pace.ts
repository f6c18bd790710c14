/**
 * A service that takes so many calls a second from an account gets no more from this process: a bucket of tokens that
 * fills at that rate. Throttling by the service itself would cost more than the wait.
 */
import { pause } from '@skein/clouds/bounded-wait.ts';

interface Bucket {
  /** Below zero: so many callers wait. */
  tokens: number;
  atMilliseconds: number;
}

const MOST_ACCOUNTS = 10_000;

/** @param callsPerSecond also of calls that may come at once. @param now in milliseconds, ever growing. */
export function pace(callsPerSecond: number, now: () => number = () => performance.now()) {
  const buckets = new Map<string, Bucket>();
  const filled = ({ tokens, atMilliseconds }: Bucket, at: number) =>
    Math.min(callsPerSecond, tokens + ((at - atMilliseconds) / 1000) * callsPerSecond);

  /** Takes a turn. @returns milliseconds until it comes. */
  function turn(account: string): number {
    const at = now();
    const bucket = buckets.get(account) ?? { tokens: callsPerSecond, atMilliseconds: at };
    const tokens = filled(bucket, at) - 1;
    buckets.set(account, { tokens, atMilliseconds: at });
    // A full bucket says nothing that a new one would not.
    if (buckets.size > MOST_ACCOUNTS)
      for (const [name, one] of buckets) if (filled(one, at) >= callsPerSecond) buckets.delete(name);
    return tokens >= 0 ? 0 : (-tokens / callsPerSecond) * 1000;
  }

  return {
    turn,
    /** Resolves when it is the caller's turn. */
    async wait(account: string, signal: AbortSignal): Promise<void> {
      signal.throwIfAborted();
      const milliseconds = turn(account);
      if (milliseconds > 0) await pause(milliseconds, signal);
    },
  };
}
