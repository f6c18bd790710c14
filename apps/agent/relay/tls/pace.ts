/** How much one end may send: so many kilobytes a second, and at once what 200 ms of them are, as the kernel's relay has it. */

const BURST_MILLISECONDS = 200;
const LEAST_BURST_BYTES = 64_000;

export interface Pace {
  /** Whether a packet may pass at `at` (monotonic milliseconds); one that may is counted. */
  lets(bytes: number, at: number): boolean;
}

export function newPace(kilobytesPerSecond: number, startedAt: number): Pace {
  // Kilobytes a second are bytes a millisecond.
  const most = Math.max(LEAST_BURST_BYTES, kilobytesPerSecond * BURST_MILLISECONDS);
  let left = most;
  let last = startedAt;
  return {
    lets: (bytes, at) => {
      left = Math.min(most, left + (at - last) * kilobytesPerSecond);
      last = at;
      if (left < bytes) return false;
      left -= bytes;
      return true;
    },
  };
}
