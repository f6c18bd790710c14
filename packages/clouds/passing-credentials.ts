/**
 * Credentials that a cloud gave for some time, kept by this process until shortly before they end: accounts are opened
 * for every step, and would else be signed in to each time.
 */

/** Credentials that end sooner are not used any more: a call may wait that long before the cloud sees it. */
const SPARE_MILLISECONDS = 300_000;

export interface PassingCredentials<Value> {
  /** What is held under the key and good for some minutes yet. */
  get(key: string): Value | undefined;
  keep(key: string, value: Value, endsAt: number): void;
}

/** @param now milliseconds since 1970 */
export function passingCredentials<Value>(now: () => number): PassingCredentials<Value> {
  const held = new Map<string, { value: Value; endsAt: number }>();
  const good = (endsAt: number) => endsAt - now() > SPARE_MILLISECONDS;
  return {
    get(key) {
      const found = held.get(key);
      return found && good(found.endsAt) ? found.value : undefined;
    },
    keep(key, value, endsAt) {
      // What has ended goes with the next that comes, so that no more is held than is in use.
      for (const [other, { endsAt: ended }] of held) if (!good(ended)) held.delete(other);
      held.set(key, { value, endsAt });
    },
  };
}

/** One key for all that credentials depend on. */
export const keyOf = (...parts: readonly (string | null)[]) => JSON.stringify(parts);
