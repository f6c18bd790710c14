/** The one way in which a named resource of ours is found or made. */
import { type CallContext, CloudError, type Keyed } from '../provider.ts';
import { isOf } from './ownership.ts';

interface Named {
  name?: string | null;
  description?: string | null;
}

/** Ours, or undefined. @throws CloudError `not-ours` when somebody else's has our name. */
export function oursOnly<T extends Named>(found: T | undefined, at: Keyed, kind: string): T | undefined {
  if (!found || isOf(found.description, at)) return found;
  throw new CloudError(
    'not-ours',
    `The ${kind} “${found.name}” has our name but not our description; it is left alone.`,
    {
      remedy: 'Rename or delete it, if it is yours.',
    },
  );
}

interface Steps<T> {
  kind: string;
  at: Keyed;
  get: () => Promise<T | undefined>;
  insert: () => Promise<void>;
}

/** For what Google adds something to that we need: an address, say. */
export async function findOrMake<T extends Named>(steps: Steps<T>, context: CallContext): Promise<T> {
  const { kind, at, get } = steps;
  const found = oursOnly(await get(), at, kind);
  if (found) return found;
  return (await make(steps, context)) ?? shown(steps);
}

/**
 * Makes what was looked for and is not there. Names are unique in their project, so of two that make one at the same
 * moment the second finds the first's.
 * @returns what somebody else of ours was quicker to make; undefined where this call made it, so that it is as asked for.
 */
export async function make<T extends Named>(steps: Steps<T>, context: CallContext): Promise<T | undefined> {
  try {
    await steps.insert();
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'conflict') throw error;
    context.signal.throwIfAborted();
    return shown(steps);
  }
  context.signal.throwIfAborted();
  return undefined;
}

async function shown<T extends Named>({ kind, at, get }: Steps<T>): Promise<T> {
  const made = oursOnly(await get(), at, kind);
  if (made) return made;
  throw new CloudError('unavailable', `The ${kind} of ${at.key} was made but does not show.`);
}
