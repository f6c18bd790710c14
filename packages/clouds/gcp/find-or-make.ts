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

/** Names are unique in their project, so of two that make one at the same moment the second finds the first's. */
export async function findOrMake<T extends Named>(
  steps: { kind: string; at: Keyed; get: () => Promise<T | undefined>; insert: () => Promise<void> },
  context: CallContext,
): Promise<T> {
  const { kind, at, get, insert } = steps;
  const found = oursOnly(await get(), at, kind);
  if (found) return found;
  try {
    await insert();
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'conflict') throw error;
  }
  context.signal.throwIfAborted();
  const made = oursOnly(await get(), at, kind);
  if (made) return made;
  throw new CloudError('unavailable', `The ${kind} of ${at.key} was made but does not show.`);
}
