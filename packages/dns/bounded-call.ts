/** Calls that end: with their answer, with the caller's signal, or after a few repetitions of what may be repeated. */
import { DnsError } from './provider.ts';

/** Resolves after `milliseconds`; rejects with the signal's reason as soon as it fires. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return unlessAborted(new Promise((resolve) => setTimeout(resolve, milliseconds)), signal);
}

/** The promise's outcome, or the signal's reason where that comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // The loser of the race must not count as an unhandled rejection.
  promise.catch(() => {});
  signal.throwIfAborted();
  let stop = () => {};
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Calls until it succeeds, fails for good, or has been tried `tries` times; with doubling delays, partly by chance.
 * @param mapped turns what the SDK throws into a DnsError, or throws on what is a fault of our own.
 */
export async function boundedCall<T>(
  call: () => Promise<T>,
  options: { signal: AbortSignal; tries: number; mapped: (error: unknown) => DnsError },
): Promise<T> {
  const { signal, tries, mapped } = options;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await unlessAborted(call(), signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = mapped(thrown);
      if (!error.retryable || attempt + 1 >= tries) throw error;
      const whole = Math.min(8_000, 300 * 2 ** attempt);
      await pause(whole / 2 + (whole / 2) * Math.random(), signal);
    }
  }
}

/** The answer, or undefined where the service says that there is no such thing. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DnsError && error.code === 'not-found') return undefined;
    throw error;
  }
}
