/** Waiting until a change is in effect, in this room's words. */
import { waitFor } from '@skein/clouds/bounded-wait.ts';
import { type DnsContext, dnsErrorOf } from './provider.ts';

/**
 * Asks until the answer is yes.
 * @throws DnsError `timeout` after `limitSeconds`; the signal's reason when it fires.
 */
export async function settled(
  done: () => Promise<boolean>,
  wait: { what: string; limitSeconds: number; context: DnsContext },
): Promise<void> {
  try {
    await waitFor(async () => ((await done()) ? true : undefined), {
      ...wait,
      firstMilliseconds: 300,
      mostMilliseconds: 10_000,
    });
  } catch (error) {
    wait.context.signal.throwIfAborted();
    throw dnsErrorOf(error);
  }
}
