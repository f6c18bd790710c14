/** Work by key: one at a time for each, some keys at once, and again after a pause where it failed. */

export interface KeyQueue {
  add(key: string): void;
  close(): Promise<void>;
}

const AT_ONCE = 4;
const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

/** @param onFailure called once for each failure, with how often it was tried in vain in a row */
export function newKeyQueue(
  work: (key: string) => Promise<void>,
  onFailure: (key: string, error: unknown, failures: number) => void,
): KeyQueue {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;

  const next = () => {
    for (const key of waiting) {
      if (closed || running.size >= AT_ONCE) return;
      if (running.has(key)) continue;
      waiting.delete(key);
      clearTimeout(timers.get(key));
      timers.delete(key);
      running.set(
        key,
        work(key)
          .then(
            () => {
              failures.delete(key);
            },
            (error) => {
              const count = (failures.get(key) ?? 0) + 1;
              failures.set(key, count);
              onFailure(key, error, count);
              const pause = Math.min(LONGEST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** (count - 1));
              if (!closed && !timers.has(key))
                timers.set(
                  key,
                  setTimeout(() => add(key), pause),
                );
            },
          )
          .finally(() => {
            running.delete(key);
            next();
          }),
      );
    }
  };
  const add = (key: string) => {
    if (closed) return;
    waiting.add(key);
    next();
  };
  return {
    add,
    close: async () => {
      closed = true;
      waiting.clear();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
