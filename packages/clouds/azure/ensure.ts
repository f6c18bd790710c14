/** The one way in which a named resource of ours is found, made, mended or taken away. */
import { allOf, backOff, pause, waitFor } from '../bounded-wait.ts';
import { type CallContext, CloudError } from '../provider.ts';
import type { Connection, Family } from './connection.ts';
import { isDoubtful } from './errors.ts';
import { type Begin, begun, type Change, carryOut, goOn } from './long-running.ts';
import type { Tags } from './tags.ts';

interface Made {
  tags?: Tags;
  provisioningState?: string;
}

export interface Subject<F extends Family, T extends Made> {
  family: F;
  /** A noun phrase for people: “the instance gw-1”. */
  what: string;
  id: string;
  /** Undefined on Azure's own not-found. */
  get: () => Promise<T | undefined>;
  /** The same, asked together with its neighbours: for whoever asks again and again. */
  glance?: () => Promise<T | undefined>;
  /** Whether it is this one of ours. */
  ours: (one: T) => boolean;
}

const ROUNDS = 5;
const LIMIT_SECONDS = 900;
const SHOW_SECONDS = 60;
/** So often at most a change is asked of its resource alone: of a machine Azure tells 36 times, then 12 a minute. */
const ALONE = 28;
/** Glances are gathered, and have a rhythm of their own (`../look-together.ts`): nobody is to miss the next one. */
const GLANCE_MILLISECONDS = 100;

/** Neither done nor failed: Creating, Updating, Deleting, Migrating. */
export const inProgress = (one: Made) =>
  one.provisioningState !== undefined && !/^(Succeeded|Failed|Canceled)$/i.test(one.provisioningState);
export const failed = (one: Made) => /^(Failed|Canceled)$/i.test(one.provisioningState ?? '');

/** Ours, or undefined. @throws CloudError `not-ours` when somebody else's has our name. */
export async function oursOnly<F extends Family, T extends Made>(
  subject: Subject<F, T>,
  ask: () => Promise<T | undefined> = subject.get,
): Promise<T | undefined> {
  const found = await ask();
  if (!found || subject.ours(found)) return found;
  throw new CloudError('not-ours', `${subject.id} has our name but not our tags; it is left alone.`, {
    remedy: 'Rename or delete it, or tag it as its neighbours are.',
  });
}

/** Waits until nobody is changing it any more. */
function untilSettled<F extends Family, T extends Made>(subject: Subject<F, T>, context: CallContext) {
  return waitFor(
    async () => {
      const now = await subject.get();
      return now && inProgress(now) ? undefined : { now };
    },
    { what: `${subject.what} to be settled in Azure`, limitSeconds: LIMIT_SECONDS, context },
  );
}

/** How a resource comes to be as it should be. */
export interface Making<F extends Family, T extends Made> {
  /** Sees to what it stands on. Azure is asked for the resource itself meanwhile. */
  ground: () => Promise<{ changed: boolean }>;
  /** Whether one that nobody is changing is as it should be. */
  right: (one: T) => boolean;
  /** The change; it gets what is there now, where anything is. */
  put: (found: T | undefined) => Begin<F> | Promise<Begin<F>>;
}

/**
 * Finds ours as it should be, or makes or changes it. A change that is under way is waited for, whoever began it; one
 * that got no answer is looked for before it is sent again.
 */
export async function ensure<F extends Family, T extends Made>(
  connection: Connection,
  subject: Subject<F, T>,
  { ground, right, put }: Making<F, T>,
  context: CallContext,
): Promise<{ one: T; changed: boolean }> {
  const change = { what: `making ${subject.what}`, verb: 'PUT' as const, id: subject.id };
  const look = async () => {
    await goOn(connection, subject.family, change, context);
    return oursOnly(subject);
  };
  const [below, first] = await allOf([ground(), look()]);
  // What stood on something that has been made anew may have gone with what was there before.
  let found = first && below.changed ? await oursOnly(subject) : first;
  for (let round = 0; ; round++) {
    if (found && inProgress(found)) {
      await untilSettled(subject, context);
      found = await oursOnly(subject);
    }
    if (found && right(found)) return { one: found, changed: round > 0 || below.changed };
    try {
      return {
        one: await carriedOut(connection, subject, change, right, await put(found), context),
        changed: true,
      };
    } catch (error) {
      // Something may have come of it, or of somebody else's call that was quicker: look.
      const worthALook = isDoubtful(error) || (error instanceof CloudError && error.code === 'conflict');
      if (!worthALook || round + 1 === ROUNDS) throw error;
      await pause(backOff(round, 300, 4_000), context.signal);
      found = await oursOnly(subject);
    }
  }
}

/**
 * Begins the change and waits until the resource shows it. Azure says on the resource itself that it is at work or has
 * done it; the operation is asked where the resource does not say so, and in turn with it where that takes long.
 */
async function carriedOut<F extends Family, T extends Made>(
  connection: Connection,
  subject: Subject<F, T>,
  change: Change,
  right: (one: T) => boolean,
  begin: Begin<F>,
  context: CallContext,
): Promise<T> {
  const operation = await begun(connection, subject.family, change, context, begin);
  let asked = 0;
  const end = await waitFor(
    async () => {
      asked += 1;
      if (!subject.glance && asked > ALONE && asked % 2 === 0)
        return (await operation.over()) ? {} : undefined;
      const now = await oursOnly(subject, subject.glance);
      if (now && inProgress(now)) return undefined;
      if (now && !failed(now) && right(now)) {
        await operation.forget();
        return { now };
      }
      return (await operation.over()) ? {} : undefined;
    },
    {
      what: `Azure to finish ${change.what}`,
      limitSeconds: LIMIT_SECONDS,
      context,
      firstMilliseconds: subject.glance ? GLANCE_MILLISECONDS : 200,
      mostMilliseconds: subject.glance ? GLANCE_MILLISECONDS : 1_000,
    },
  );
  if (end.now) return end.now;
  // What has ended is not yet what all of Azure shows.
  return waitFor(
    async () => {
      const now = await oursOnly(subject);
      return now && !inProgress(now) && right(now) ? now : undefined;
    },
    { what: `${subject.what} to show as asked for`, limitSeconds: SHOW_SECONDS, context },
  );
}

/** Takes ours away and waits until it is gone. What is gone, or not ours, is left as it is. */
export async function remove<F extends Family, T extends Made>(
  connection: Connection,
  subject: Subject<F, T>,
  begin: Begin<F>,
  context: CallContext,
): Promise<void> {
  const change = { what: `deleting ${subject.what}`, verb: 'DELETE' as const, id: subject.id };
  await goOn(connection, subject.family, change, context);
  let found = await lookTwice(subject, context);
  for (let round = 0; found && subject.ours(found); round++) {
    if (/^Deleting$/i.test(found.provisioningState ?? '')) {
      found = (await untilSettled(subject, context)).now;
      continue;
    }
    try {
      await carryOut(connection, subject.family, change, context, begin);
    } catch (error) {
      // “Not found” of what was just seen means that not all of Azure has seen it yet, or that it has just gone.
      const code = error instanceof CloudError ? error.code : null;
      const worthALook = isDoubtful(error) || code === 'conflict' || code === 'not-found';
      if (!worthALook || round + 1 === ROUNDS) throw error;
      await pause(backOff(round, 300, 4_000), context.signal);
      found = await subject.get();
      continue;
    }
    await waitFor(
      async () => {
        const now = await subject.get();
        return now && subject.ours(now) ? undefined : true;
      },
      { what: `${subject.what} to show as deleted`, limitSeconds: SHOW_SECONDS, context },
    );
    return;
  }
}

/** A deletion must not pass over what was made seconds ago and does not show yet. */
async function lookTwice<F extends Family, T extends Made>(subject: Subject<F, T>, context: CallContext) {
  const found = await subject.get();
  if (found) return found;
  await pause(1_000, context.signal);
  return subject.get();
}
