/**
 * Changes that Azure takes its time for. Each is begun once: its token is saved as soon as Azure has taken it, and
 * whoever comes after (this process or another) goes on with it instead of beginning again.
 */
import { unlessAborted, waitFor } from '../bounded-wait.ts';
import { type CallContext, CloudError } from '../provider.ts';
import type { Clients, Connection, Family, Loaded, Poller } from './connection.ts';
import { cloudErrorFrom, operationError } from './errors.ts';

const LIMIT_SECONDS = 900;

/** @param what a noun phrase: “making the instance gw-1”. @param verb and id together name the operation. */
export interface Change {
  what: string;
  verb: 'PUT' | 'DELETE' | 'POST';
  id: string;
}

const keyOf = ({ verb, id }: Change) => `${verb} ${id}`;

/**
 * Goes on with a change that was begun earlier and not seen to its end.
 * @returns whether there was one. @throws CloudError what it ended with, where it failed.
 */
export async function goOn<F extends Family>(
  connection: Connection,
  family: F,
  change: Change,
  context: CallContext,
): Promise<boolean> {
  const token = await context.resume.load(keyOf(change));
  if (token === undefined) return false;
  const loaded = await connection.ask(family, change.what, context, () => connection.load(family));
  await untilOver(followed(loaded, token, change, context), change, context);
  return true;
}

/** Sends the request that begins a change. */
export type Begin<F extends Family> = (client: Clients[F], options: { abortSignal: AbortSignal }) => Poller;

/** A change that Azure has taken. */
export interface Begun {
  /** Asks once whether it has ended. @throws CloudError what it ended with, where it failed. */
  over: () => Promise<boolean>;
  /** For whoever saw by other means that it has ended. */
  forget: () => Promise<void>;
}

/** Begins a change and waits for its end. @throws CloudError; `isDoubtful` where Azure may have begun it all the same. */
export async function carryOut<F extends Family>(
  connection: Connection,
  family: F,
  change: Change,
  context: CallContext,
  begin: Begin<F>,
): Promise<void> {
  await untilOver(await begun(connection, family, change, context, begin), change, context);
}

/** Begins a change. @throws CloudError; `isDoubtful` where Azure may have begun it all the same. */
export async function begun<F extends Family>(
  connection: Connection,
  family: F,
  change: Change,
  context: CallContext,
  begin: Begin<F>,
): Promise<Begun> {
  const { poller } = await connection.ask(family, change.what, context, async (client, options) => {
    const poller = begin(client, options);
    await poller.submitted();
    // Not the poller itself: it would be awaited to its end.
    return { poller };
  });
  if (poller.isDone) {
    const { operationState } = poller;
    if (operationState?.status === 'succeeded') return { over: async () => true, forget: async () => {} };
    throw operationError(change.what, operationState?.error ?? new Error('It was given up.'));
  }
  const token = await poller.serialize();
  await context.resume.save(keyOf(change), token);
  return followed(await connection.load(family), token, change, context);
}

/** An operation by its token. It is forgotten when it has ended. */
function followed<F extends Family>(
  { restore }: Loaded<F>,
  taken: string,
  change: Change,
  context: CallContext,
): Begun {
  let token = taken;
  const forget = () => context.resume.save(keyOf(change), null);
  const over = async (): Promise<boolean> => {
    // A new poller each time: one whose question failed once answers no more.
    const poller = restore(token);
    try {
      await unlessAborted(poller.poll({ abortSignal: context.signal }), context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      const ended = poller.operationState;
      if (ended?.error && ended.error.name !== 'RestError') {
        await forget();
        throw operationError(change.what, ended.error);
      }
      if (ended?.status === 'canceled') {
        await forget();
        throw new CloudError('conflict', `Azure, ${change.what}: somebody called it off.`);
      }
      const failure = cloudErrorFrom(`waiting for ${change.what}`, error);
      // Azure remembers operations for a day or so. The resource itself tells then how it went.
      if (failure.code !== 'not-found') throw failure;
      await forget();
      return true;
    }
    if (!poller.isDone) {
      token = await poller.serialize();
      return false;
    }
    await forget();
    return true;
  };
  return { over, forget };
}

/** Asks after an operation until it has ended. */
async function untilOver({ over }: Begun, change: Change, context: CallContext): Promise<void> {
  await waitFor(async () => (await over()) || undefined, {
    what: `Azure to finish ${change.what}`,
    limitSeconds: LIMIT_SECONDS,
    context,
    firstMilliseconds: 200,
    mostMilliseconds: 1_000,
  });
}
