/** The ways of calling AWS: for once, for what is fresh, for what may be gone, for all pages. */
import { backOff, pause, unlessAborted } from '../bounded-wait.ts';
import { type CallContext, CloudError } from '../provider.ts';
import { awsCodeOf, cloudErrorFrom } from './errors.ts';

/**
 * Calls AWS; a failure becomes a CloudError, a fired signal its reason.
 * @param what is tried, as a noun phrase: “creating the VPC”.
 */
export async function ask<T>(
  what: string,
  context: CallContext,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  context.signal.throwIfAborted();
  try {
    return await unlessAborted(call({ abortSignal: context.signal }), context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    throw cloudErrorFrom(what, error);
  }
}

/** All pages of a list, to the end; a page that fails fails the list. */
export async function askAll<Page, Item>(
  what: string,
  context: CallContext,
  pages: (options: { abortSignal: AbortSignal }) => AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  return ask(what, context, async (options) => {
    const items: Item[] = [];
    for await (const page of pages(options)) items.push(...(itemsOf(page) ?? []));
    return items;
  });
}

const FRESH_TRIES = 8;

/**
 * Like `ask`, for what has just been made: it may read as missing for some seconds, so a few misses are no proof that
 * it is gone.
 */
export async function askOfFresh<T>(
  what: string,
  context: CallContext,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(what, context, call);
    } catch (error) {
      if (!isNotYetThere(error) || attempt === FRESH_TRIES) throw error;
      await pause(backOff(attempt, 200, 5_000), context.signal);
    }
  }
}

/** One part of AWS may still call an instance pending, or not know it, when another has shown it running. */
function isNotYetThere(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false;
  return error.code === 'not-found' || awsCodeOf(error) === 'InvalidInstanceID';
}

/** Like `ask`, where the subject may be gone already: then undefined. */
export async function askUnlessGone<T>(
  what: string,
  context: CallContext,
  call: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask(what, context, call);
  } catch (error) {
    if (error instanceof CloudError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/**
 * What a search finds, asked again after a moment when it finds nothing: a deletion must not pass over what was made
 * seconds ago and does not show yet.
 */
export async function lookTwice<T>(find: () => Promise<T[]>, context: CallContext): Promise<T[]> {
  const found = await find();
  if (found.length > 0) return found;
  await pause(1_000, context.signal);
  return find();
}

/** A field that AWS always sends; its absence means the answer is not AWS's. */
export function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new CloudError('unavailable', `AWS answered without ${field}.`);
  return value;
}
