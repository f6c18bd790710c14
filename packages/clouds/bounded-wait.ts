/** Waiting that ends: every wait has a limit, says what it waits for, and stops when the caller's signal fires. */
import { CloudError } from './provider.ts';

/** Resolves after `milliseconds`; rejects with the signal's reason as soon as it fires. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** The promise's outcome, or the signal's reason where that comes first (an SDK may sleep between its own tries). */
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

/** All outcomes, side by side. Ends when the last has ended, so that nothing goes on after a failure; the first failure is thrown. */
export async function allOf<const T extends readonly Promise<unknown>[]>(
  work: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work) as never;
}

/** A delay for the `attempt`-th repetition (from 0): doubling, capped, between half and all of it by chance. */
export function backOff(attempt: number, firstMilliseconds: number, mostMilliseconds: number): number {
  const whole = Math.min(mostMilliseconds, firstMilliseconds * 2 ** attempt);
  return whole / 2 + (whole / 2) * Math.random();
}

/**
 * Asks again and again until the answer is not undefined.
 * @param options.what names the wait for people: “instance i-1 to run”.
 * @throws CloudError `timeout` after `limitSeconds`; the signal's reason when it fires.
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  options: {
    what: string;
    limitSeconds: number;
    context: { signal: AbortSignal; waitingFor: (what: string) => void };
    firstMilliseconds?: number;
    mostMilliseconds?: number;
  },
): Promise<T> {
  const { what, limitSeconds, context } = options;
  const end = performance.now() + limitSeconds * 1000;
  for (let attempt = 0; ; attempt++) {
    context.signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (attempt === 0) context.waitingFor(what);
    const delay = backOff(attempt, options.firstMilliseconds ?? 100, options.mostMilliseconds ?? 5_000);
    if (performance.now() + delay > end) {
      throw new CloudError('timeout', `Waited ${limitSeconds} s for ${what}, in vain.`, {
        remedy: 'Try again; if it stays so, look at the resource in the cloud’s own console.',
      });
    }
    await pause(delay, context.signal);
  }
}
