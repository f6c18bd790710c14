/** Brings a zone's records to what is wanted, on any DNS service that can list record sets and apply changes. */
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

const ROUNDS = 5;
/** Of refused parts of batches in one round: where so many fail, it is not a bad record or two. */
const MOST_REFUSALS = 64;

/** What a batch fails with when a record in it is not as it was read, or not as the service takes it. */
const refusal = (error: unknown): error is DnsError =>
  error instanceof DnsError &&
  (error.code === 'conflict' || error.code === 'invalid' || error.code === 'not-found');

/**
 * A batch creates what must not be there and deletes exactly what was read, so one that somebody overtook, or whose
 * answer was lost, is refused as a whole; then the zone is read again. A batch that is refused once more is split until
 * the culprit stands alone: all others are written, and what is refused alone twice is told with the service's words.
 */
export async function reconcileRecords(
  service: RecordService,
  input: { zone: string; networkId: string; wanted: readonly AddressRecord[] },
  context: DnsContext,
): Promise<RecordOutcome> {
  const removed = new Set<string>();
  const pending: string[] = [];
  const strikes = new Map<string, number>();
  const failed = new Map<string, string>();

  const apply = async (batch: readonly NameChange[]) => {
    context.signal.throwIfAborted();
    const id = await service.apply(batch);
    if (id !== undefined) pending.push(id);
    for (const { name, add } of batch) if (add.length === 0) removed.add(name);
  };
  const strike = (batch: readonly NameChange[], reason: string) => {
    for (const { name } of batch) {
      const count = (strikes.get(name) ?? 0) + 1;
      strikes.set(name, count);
      if (count > 1) failed.set(name, reason);
    }
  };
  const split = async (batch: readonly NameChange[], reason: string, left: { refusals: number }) => {
    if (batch.length === 1 || left.refusals <= 0) return strike(batch, reason);
    for (const half of halves(batch)) {
      try {
        await apply(half);
      } catch (error) {
        if (!refusal(error)) throw error;
        left.refusals--;
        await split(half, error.message, left);
      }
    }
  };

  for (let round = 0; round < ROUNDS; round++) {
    const decided = changeSet({ ...input, current: await service.list() });
    const changes = decided.changes.filter((one) => !failed.has(one.name));
    if (changes.length === 0) {
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
    const left = { refusals: MOST_REFUSALS };
    await eachOf(inBatches(changes, service.limits, service.cost), service.atOnce, async (batch) => {
      try {
        await apply(batch);
      } catch (error) {
        if (!refusal(error)) throw error;
        if (round > 0) await split(batch, error.message, left);
      }
    });
  }
  throw new DnsError('conflict', `The records of ${input.zone} keep changing under our hands.`, {
    remedy: 'See that one Skein alone writes this network’s names, then try again.',
  });
}
