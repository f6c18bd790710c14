/**
 * What the lab's state was some seconds ago. A section's state is replaced whole with each change, so the past costs
 * no copy; it is kept only while something asks for it.
 */
import type { Store } from '../store/store.ts';

interface Moment {
  /** Milliseconds since the epoch from which on this was the state. */
  from: number;
  state: unknown;
}

export interface History {
  /** Keeps what the sections are from now on, for so many seconds; 0 forgets. */
  keep(seconds: number): void;
  /** The section's state so many seconds ago, or as it was when keeping began. */
  past<T>(section: string, seconds: number, present: T): T;
}

export function openHistory(store: Store, now: () => Date): History {
  let kept = 0;
  const moments = new Map<string, Moment[]>();
  store.onChange((name, before, after) => {
    if (kept === 0) return;
    const at = now().getTime();
    const list = moments.get(name) ?? [{ from: Number.NEGATIVE_INFINITY, state: before }];
    list.push({ from: at, state: after });
    // The newest of those too old stays: it was the state at the oldest time that may be asked for.
    const first = list.findLastIndex((each) => each.from <= at - kept * 1000);
    moments.set(name, first > 0 ? list.slice(first) : list);
  });
  return {
    keep(seconds) {
      kept = seconds;
      moments.clear();
    },
    past<T>(section: string, seconds: number, present: T): T {
      const at = now().getTime() - seconds * 1000;
      const found = moments.get(section)?.findLast((each) => each.from <= at);
      return found ? (found.state as T) : present;
    },
  };
}
