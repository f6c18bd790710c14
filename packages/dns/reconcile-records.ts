/** Brings a zone's records to what is wanted, on any DNS service that can list record sets and apply whole batches. */
import { changeSet, inBatches, type NameChange, plainName, type RecordSet } from './change-set.ts';
import { type AddressRecord, type DnsContext, DnsError, type RecordOutcome } from './provider.ts';

const ROUNDS = 4;
/** What a batch fails with when a record in it is not as it was read, or not as the service takes it. */
const stale = (error: unknown): error is DnsError =>
  error instanceof DnsError &&
  (error.code === 'conflict' || error.code === 'invalid' || error.code === 'not-found');

/**
 * A batch creates what must not be there and deletes exactly what was read, so one that somebody overtook fails as a
 * whole; then the zone is read again and each name is changed for itself, so that a bad one stops no other.
 * @param service.limit of record values in one batch.
 */
export async function reconcileRecords(
  service: {
    limit: number;
    list: () => Promise<RecordSet[]>;
    apply: (changes: readonly NameChange[]) => Promise<void>;
  },
  input: { zone: string; networkId: string; wanted: readonly AddressRecord[] },
  context: DnsContext,
): Promise<RecordOutcome> {
  const removed = new Set<string>();
  const failed = new Map<string, string>();
  for (let round = 0; round < ROUNDS; round++) {
    const decided = changeSet({ ...input, current: await service.list() });
    const changes = decided.changes.filter((one) => !failed.has(one.name));
    const refused = [...decided.refused, ...[...failed].map(([name, reason]) => ({ name, reason }))];
    if (changes.length === 0) {
      const left = new Set(refused.map((one) => one.name));
      const names = input.wanted.filter((one) => one.addresses.length > 0).map((one) => plainName(one.name));
      return {
        written: [...new Set(names)].filter((name) => !left.has(name)),
        removed: [...removed].sort(),
        refused,
      };
    }
    for (const batch of round === 0 ? inBatches(changes, service.limit) : changes.map((one) => [one])) {
      context.signal.throwIfAborted();
      try {
        await service.apply(batch);
        for (const { name, add } of batch) if (add.length === 0) removed.add(name);
      } catch (error) {
        if (!stale(error)) throw error;
        const [only, ...others] = batch;
        // In the last but one round a name alone has failed more than once: it is the name, not the moment.
        if (only && others.length === 0 && round === ROUNDS - 2) failed.set(only.name, error.message);
      }
    }
  }
  throw new DnsError('conflict', `The records of ${input.zone} keep changing under our hands.`, {
    remedy: 'See that one Skein alone writes this network’s names, then try again.',
  });
}
