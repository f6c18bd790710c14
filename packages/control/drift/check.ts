import { setTimeout as sleep } from 'node:timers/promises';
import type { DriftFinding } from '@skein/contract/rest/drift.ts';
import type { Context } from '../context.ts';
import { type Entry, loadBooks } from './books.ts';
import { agreed, type Drift, driftOf, type Pair } from './differences.ts';
import { look, lookAgain, placeOf, type Unseen, wordsOf } from './look.ts';
import { recordFindings } from './record.ts';
import { marksOf } from './settled.ts';
import { inTurn } from './turn.ts';
import { whoChanged } from './who.ts';

/** Clouds may answer of what was a moment ago: what is off is looked at again after so long. */
const SECOND_LOOK_SECONDS = 4;
const CLUSTERS_AT_ONCE = 4;

/** One thing found off, with what the books held of it at the look. */
export interface Found {
  entry: Entry;
  drift: Drift;
  changedBy: DriftFinding['changedBy'];
}
export interface Checked {
  checkedAt: Date;
  unseen: Unseen[];
}

/**
 * Compares everything that a network owns with what its clouds hold, and writes what it found. Answers null, having
 * written nothing, where that cannot be told: an operation is changing the network, changed it meanwhile, or
 * somebody else is looking already. What could not be looked at is named and leads to no finding.
 * @param limitSeconds for the whole look, the second one included
 */
export async function checkNetwork(
  context: Context,
  input: { id: string; limitSeconds: number; signal: AbortSignal },
): Promise<Checked | null> {
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(input.limitSeconds * 1000)]);
  return inTurn(context.database, `drift ${input.id}`, input.limitSeconds, async () => {
    const { organizationId } = context.actor;
    const marks = await marksOf(context.database, input.id);
    const books = await loadBooks(context.database, organizationId, input.id);
    if (!books) return null;

    const { entries } = books;
    const groups = [...Map.groupBy(entries, (entry) => entry.row.clusterId).values()];
    const looks = await atMost(CLUSTERS_AT_ONCE, groups, (group) => look(context, group, signal));
    const unseen = looks.flatMap((one) => one.unseen);
    const looked = looks.flatMap((one) => one.looked);
    const suspects = looked.flatMap(({ entry, found }) => {
      const drift = driftOf(pairOf(entry, found));
      return drift ? [{ entry, drift }] : [];
    });
    if (suspects.length > 0) await sleep(SECOND_LOOK_SECONDS * 1000, undefined, { signal: input.signal });
    const found = await atMost(CLUSTERS_AT_ONCE, suspects, async ({ entry, drift }) => {
      try {
        const second = agreed(drift, driftOf(pairOf(entry, await lookAgain(context, entry, signal))));
        return second && { entry, drift: second, changedBy: await whoChanged(context, entry, signal) };
      } catch (error) {
        unseen.push({ where: placeOf([entry]), reason: wordsOf(error) });
        return 'unseen';
      }
    });
    input.signal.throwIfAborted();
    const unclear = new Set(suspects.filter((_, index) => found[index] === 'unseen').map((one) => one.entry));
    const checkedAt = context.now();
    const written = await recordFindings(context, {
      networkId: input.id,
      marks,
      books,
      seen: looked.map((one) => one.entry).filter((entry) => !unclear.has(entry)),
      found: found.filter((one): one is Found => one !== null && one !== 'unseen'),
      complete: unseen.length === 0,
      checkedAt,
    });
    return written ? { checkedAt, unseen } : null;
  });
}

function pairOf(entry: Entry, found: Pair['found']): Pair {
  return { ...entry.expected, found } as Pair;
}

/** The answers of `work` for each item, in their order, never more than `limit` under way. */
export async function atMost<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      answers[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return answers;
}
