/** The one way in which a named resource of ours is found, made, mended or taken away. */
import { backOff, pause, waitFor } from '../bounded-wait.ts';
import { type CallContext, CloudError } from '../provider.ts';
import type { Clients, Connection, Family, Poller } from './connection.ts';
import { isDoubtful } from './errors.ts';
import { carryOut, goOn } from './long-running.ts';
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
  /** Whether it is this one of ours. */
  ours: (one: T) => boolean;
}

const ROUNDS = 5;
const LIMIT_SECONDS = 900;
const SHOW_SECONDS = 60;

/** Neither done nor failed: Creating, Updating, Deleting, Migrating. */
export const inProgress = (one: Made) =>
  one.provisioningState !== undefined && !/^(Succeeded|Failed|Canceled)$/i.test(one.provisioningState);
export const failed = (one: Made) => /^(Failed|Canceled)$/i.test(one.provisioningState ?? '');

/** Ours, or undefined. @throws CloudError `not-ours` when somebody else's has our name. */
export async function oursOnly<F extends Family, T extends Made>(
  subject: Subject<F, T>,
): Promise<T | undefined> {
  const found = await subject.get();
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

/**
 * Finds ours as it should be, or makes or changes it. A change that is under way is waited for, whoever began it; one
 * that got no answer is looked for before it is sent again.
 * @param right whether one that nobody is changing is as it should be.
 * @param put the change; it gets what is there now, where anything is.
 */
export async function ensure<F extends Family, T extends Made>(
  connection: Connection,
  subject: Subject<F, T>,
  right: (one: T) => boolean,
  put: (client: Clients[F], options: { abortSignal: AbortSignal }, found: T | undefined) => Poller,
  context: CallContext,
): Promise<T> {
  const change = { what: `making ${subject.what}`, verb: 'PUT' as const, id: subject.id };
  await goOn(connection, subject.family, change, context);
  for (let round = 0; ; round++) {
    let found = await oursOnly(subject);
    if (found && inProgress(found)) {
      await untilSettled(subject, context);
      found = await oursOnly(subject);
    }
    if (found && right(found)) return found;
    const before = found;
    try {
      await carryOut(connection, subject.family, change, context, (client, options) =>
        put(client, options, before),
      );
    } catch (error) {
      // Something may have come of it, or of somebody else's call that was quicker: look.
      const worthALook = isDoubtful(error) || (error instanceof CloudError && error.code === 'conflict');
      if (!worthALook || round + 1 === ROUNDS) throw error;
      await pause(backOff(round, 300, 4_000), context.signal);
      continue;
    }
    // Read again: what is answered to a change is not yet what all of Azure shows.
    return waitFor(
      async () => {
        const now = await oursOnly(subject);
        return now && !inProgress(now) && right(now) ? now : undefined;
      },
      { what: `${subject.what} to show as asked for`, limitSeconds: SHOW_SECONDS, context },
    );
  }
}

/** Takes ours away and waits until it is gone. What is gone, or not ours, is left as it is. */
export async function remove<F extends Family, T extends Made>(
  connection: Connection,
  subject: Subject<F, T>,
  begin: (client: Clients[F], options: { abortSignal: AbortSignal }) => Poller,
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
