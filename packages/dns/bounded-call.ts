/** Calls that end: with their answer, with the caller's signal, or after a few repetitions of what may be repeated. */
import { backOff, pause, unlessAborted } from '@skein/clouds/bounded-wait.ts';
import { DnsError } from './provider.ts';

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
      await pause(backOff(attempt, 300, 8_000), signal);
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
