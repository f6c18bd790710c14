/** Waiting until a change is in effect, in this room's words. */
import { pause, waitFor } from '@skein/clouds/bounded-wait.ts';
import { type DnsContext, dnsErrorOf } from './provider.ts';

/** What answers a change calls it pending: to ask at once would be a call in vain. */
const FIRST_MILLISECONDS = 200;
const SECOND_MILLISECONDS = 500;

/**
 * Asks whether a change that was pending is in effect, until the answer is yes.
 * @throws DnsError `timeout` after `limitSeconds`; the signal's reason when it fires.
 */
export async function settled(
  done: () => Promise<boolean>,
  wait: { what: string; limitSeconds: number; context: DnsContext },
): Promise<void> {
  const { what, context } = wait;
  context.waitingFor(what);
  await pause(FIRST_MILLISECONDS, context.signal);
  try {
    await waitFor(async () => ((await done()) ? true : undefined), {
      ...wait,
      firstMilliseconds: SECOND_MILLISECONDS,
      mostMilliseconds: 10_000,
    });
  } catch (error) {
    context.signal.throwIfAborted();
    throw dnsErrorOf(error);
  }
}
