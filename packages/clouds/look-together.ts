/**
 * Looks at single things, gathered: those asked for since the last look are one call to the cloud, which counts each.
 * Whoever waits for fifty instances asks no more often than whoever waits for one.
 */
import type { CallContext } from './provider.ts';

/** The first look waits so long for others to join. */
const MOMENT_MILLISECONDS = 50;
/** From one look to the next. A boot takes tens of seconds. */
const BETWEEN_MILLISECONDS = 500;

/** Looks at all of these in one place; what is not in the answer is not there. */
type LookAt<T> = (
  place: string,
  ids: readonly string[],
  context: CallContext,
) => Promise<ReadonlyMap<string, T>>;

/** How one thing stands, or undefined where the cloud shows none with this id. */
export type Look<T> = (place: string, id: string, context: CallContext) => Promise<T | undefined>;

/** @param lookAt asked with what was gathered for one place */
export function lookTogether<T>(lookAt: LookAt<T>): Look<T> {
  // By signal: who is told to stop does not stop those of another step.
  const bySignal = new WeakMap<AbortSignal, Map<string, Round<T>>>();
  const roundOf = (place: string, { signal }: CallContext): Round<T> => {
    const rounds = bySignal.get(signal) ?? new Map<string, Round<T>>();
    bySignal.set(signal, rounds);
    const round = rounds.get(place) ?? { asked: [], lastAt: 0 };
    rounds.set(place, round);
    return round;
  };
  return (place, id, context) =>
    new Promise((resolve) => {
      const round = roundOf(place, context);
      round.asked.push({ id, resolve });
      if (round.asked.length > 1) return;
      const due = round.lastAt + BETWEEN_MILLISECONDS - performance.now();
      const look = () => {
        round.lastAt = performance.now();
        const asked = round.asked.splice(0);
        const found = lookAt(place, [...new Set(asked.map((one) => one.id))], context);
        for (const one of asked) one.resolve(found.then((all) => all.get(one.id)));
      };
      setTimeout(look, Math.max(MOMENT_MILLISECONDS, due));
    });
}

interface Round<T> {
  asked: { id: string; resolve: (answer: Promise<T | undefined>) => void }[];
  lastAt: number;
}
