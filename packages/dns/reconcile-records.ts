/** Brings a zone's records to what is wanted, on any DNS service that can list record sets and apply changes. */
import { backOff, pause } from '@skein/clouds/bounded-wait.ts';
import { type Amounts, halves, inBatches } from './batch.ts';
import { changeSet, type NameChange, plainName, type RecordSet } from './change-set.ts';
import { eachOf } from './each-of.ts';
import { type AddressRecord, type DnsContext, DnsError, type RecordOutcome } from './provider.ts';

/** What a service must be able to do; a batch is atomic: it happens as a whole or not at all. */
export interface RecordService {
  /** Of one batch, in amounts that `cost` counts. */
  limits: Amounts;
  cost: (change: NameChange) => Amounts;
  /** Batches that may be under way at the same time. */
  atOnce: number;
  list: () => Promise<RecordSet[]>;
  /** Answers what `settled` is to wait for, if anything. */
  apply: (changes: readonly NameChange[]) => Promise<string | undefined>;
  /** Waits until these changes are in effect. */
  settled: (changes: readonly string[]) => Promise<void>;
}

const ROUNDS = 6;
/** Before the zone is read again: what was changed a moment ago may not show yet. */
const PAUSE = { first: 500, most: 4_000 };
/** Of refused parts of batches in one round: where so many fail, it is not a bad record or two. */
const MOST_REFUSALS = 24;

/** The service will never take it so. */
const isBad = (error: DnsError) => error.code === 'invalid';
/** What a batch fails with when a record in it is bad, or not as it was read. */
const refusal = (error: unknown): error is DnsError =>
  error instanceof DnsError && (isBad(error) || error.code === 'conflict' || error.code === 'not-found');

/**
 * A batch creates what must not be there and deletes exactly what was read. One that somebody overtook, or whose answer
 * was lost, or that was decided on what a replica showed late, is refused as a whole; then the zone is read again. A
 * batch with a bad record in it, and one that is refused again, is split until the culprit stands alone: all others are
 * written, and the culprit is told with the service's words.
 */
export async function reconcileRecords(
  service: RecordService,
  input: { zone: string; networkId: string; wanted: readonly AddressRecord[] },
  context: DnsContext,
): Promise<RecordOutcome> {
  const removed = new Set<string>();
  const pending: string[] = [];
  const failed = new Map<string, string>();
  const { signal } = context;

  const apply = async (batch: readonly NameChange[]) => {
    signal.throwIfAborted();
    const id = await service.apply(batch);
    if (id !== undefined) pending.push(id);
    for (const { name, add } of batch) if (add.length === 0) removed.add(name);
  };
  const split = async (
    batch: readonly NameChange[],
    error: DnsError,
    round: { last: boolean; left: number },
  ) => {
    if (batch.length === 1 || round.left <= 0) {
      // What is not as it was read may be so the next time, but for the last.
      if (isBad(error) || round.last) for (const { name } of batch) failed.set(name, error.message);
      return;
    }
    for (const half of halves(batch)) {
      try {
        await apply(half);
      } catch (thrown) {
        if (!refusal(thrown)) throw thrown;
        round.left--;
        await split(half, thrown, round);
      }
    }
  };

  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await pause(backOff(round - 1, PAUSE.first, PAUSE.most), signal);
    const decided = changeSet({ ...input, current: await service.list() });
    const changes = decided.changes.filter((one) => !failed.has(one.name));
    const state = { last: round >= ROUNDS - 2, left: MOST_REFUSALS };
    let again = false;
    await eachOf(inBatches(changes, service.limits, service.cost), service.atOnce, async (batch) => {
      try {
        await apply(batch);
      } catch (error) {
        if (!refusal(error)) throw error;
        if (isBad(error) || round > 0) await split(batch, error, state);
        again ||= batch.some(({ name }) => !failed.has(name));
      }
    });
    if (again) continue;
    await service.settled(pending);
    const refused = [...decided.refused, ...[...failed].map(([name, reason]) => ({ name, reason }))];
    const left = new Set(refused.map((one) => one.name));
    const names = input.wanted.filter((one) => one.addresses.length > 0).map((one) => plainName(one.name));
    return {
      written: [...new Set(names)].filter((name) => !left.has(name)),
      removed: [...removed].filter((name) => !left.has(name)).sort(),
      refused,
    };
  }
  throw new DnsError('conflict', `The records of ${input.zone} keep changing under our hands.`, {
    remedy: 'See that one Skein alone writes this network’s names, then try again.',
  });
}
