import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, runStep } from './run.ts';
import { cancelAbandoned, failAbandoned, takeStep } from './take.ts';

export interface Runner {
  /** Looks for due steps now; called for every wake-up. */
  nudge(): void;
  /** Takes no more steps, puts running ones back, and waits for them. */
  close(): Promise<void>;
}

/**
 * Runs due steps of all operations, at most `concurrency` at once. Also looks by itself every few seconds: the queue
 * only makes it quicker. Reclaims what dead workers left.
 */
export function startRunner(engine: Engine, concurrency: number): Runner {
  const { database, now } = engine.base;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  let looking = false;
  let again = false;

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      do {
        again = false;
        while (running.size < concurrency && !closing.signal.aborted) {
          const step = await takeStep(database, engine.timing.leaseSeconds);
          if (!step) break;
          const work = runStep(engine, step, closing.signal).then(() => {
            running.delete(work);
            nudge();
          });
          running.add(work);
        }
      } while (again && !closing.signal.aborted);
    } finally {
      looking = false;
    }
  }
  // The database may be out of reach for a while: the next sweep looks again.
  const nudge = () => void look().catch(() => {});

  const sweep = async () => {
    while (!closing.signal.aborted) {
      await Promise.all([failAbandoned(database, now()), cancelAbandoned(database, now())]).catch(() => {});
      nudge();
      await sleep(engine.timing.sweepSeconds * 1000, undefined, { signal: closing.signal }).catch(() => {});
    }
  };
  const swept = sweep();

  return {
    nudge,
    async close() {
      closing.abort();
      await swept;
      // A look that is under way may still add one.
      while (looking) await sleep(10);
      await Promise.all(running);
    },
  };
}
