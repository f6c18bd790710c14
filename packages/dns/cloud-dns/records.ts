/** Record sets of a managed zone, in the form that `change-set.ts` decides on. */
import type { DNS, Record as DnsRecord } from '@google-cloud/dns';
import { type NameChange, plainName, type RecordSet } from '../change-set.ts';
import type { DnsContext } from '../provider.ts';
import { ask } from './connection.ts';

/** Of record sets in one change; we count values, which are never fewer. */
export const BATCH_LIMIT = 1_000;

export async function listRecordSets(dns: DNS, zone: string, context: DnsContext): Promise<RecordSet[]> {
  const [records] = await ask('listing records', context, () => dns.zone(zone).getRecords());
  return records.map((record) => {
    const { name, ttl, routingPolicy } = record.metadata as typeof record.metadata & {
      routingPolicy?: unknown;
    };
    return {
      name: plainName(name),
      type: record.type,
      ttlSeconds: ttl,
      values: record.data ?? [],
      plain: routingPolicy === undefined || routingPolicy === null,
    };
  });
}

/** One change, atomic. @throws DnsError `conflict` (or `not-found`) when the zone is not as it was read. */
export async function applyChanges(
  dns: DNS,
  zone: string,
  changes: readonly NameChange[],
  context: DnsContext,
): Promise<void> {
  const at = dns.zone(zone);
  const asRecord = (set: RecordSet): DnsRecord =>
    at.record(set.type, { name: `${set.name}.`, ttl: set.ttlSeconds, data: [...set.values] });
  const remove = changes.flatMap((one) => one.remove).map(asRecord);
  const add = changes.flatMap((one) => one.add).map(asRecord);
  await ask('changing records', context, () => at.createChange({ delete: remove, add }));
}
