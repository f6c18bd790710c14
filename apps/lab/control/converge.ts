/** Keeps the ground as the clouds' state says: gives the realiser the newest projection, one at a time. */
import type { Ground, Realiser } from '../ground/ground.ts';

export type Standing = { state: 'stands' | 'converging' } | { state: 'failing'; reason: string };

export interface Converger {
  /** Says that the state changed; calls before the next round coalesce. */
  changed(): void;
  standing(): Standing;
  /** Gives no more work and waits for what is under way. */
  close(): Promise<void>;
}

const RETRY_MILLISECONDS = 1000;

/**
 * A round that fails is tried again a second later, with what is then newest, and told to `report` unless the one
 * before failed in the same words.
 */
export function converge(
  project: () => Ground,
  realiser: Realiser,
  report: (error: unknown) => void,
): Converger {
  let wanted = 0;
  let done = 0;
  let closed = false;
  let failure: string | null = null;
  let running: Promise<void> | null = null;
  let wake: (() => void) | null = null;

  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    // Changes made in the same turn of the loop are one.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (done < wanted && !closed) {
      const round = wanted;
      try {
        await realiser.realise(project());
        done = round;
        failure = null;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== failure) report(error);
        failure = reason;
        await pause(RETRY_MILLISECONDS);
      }
    }
    running = null;
  }

  return {
    changed() {
      wanted += 1;
      if (!closed) running ??= run();
    },
    standing() {
      if (done === wanted) return { state: 'stands' };
      return failure === null ? { state: 'converging' } : { state: 'failing', reason: failure };
    },
    async close() {
      closed = true;
      wake?.();
      await running;
    },
  };
}
