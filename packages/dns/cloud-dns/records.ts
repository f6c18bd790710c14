/** Record sets of a managed zone, in the form that `change-set.ts` decides on. */
import type { DNS, Record as DnsRecord } from '@google-cloud/dns';
import { unlessMissing } from '../bounded-call.ts';
import { type NameChange, plainName, type RecordSet, sizeOf } from '../change-set.ts';
import type { DnsContext } from '../provider.ts';
import type { RecordService } from '../reconcile-records.ts';
import { settled } from '../settled.ts';
import { ask } from './connection.ts';

/** Of one change: Google's defaults for record sets, each way, and for the bytes of their data. */
const LIMITS = { additions: 1_000, deletions: 1_000, characters: 100_000 };
const SETTLED_SECONDS = 150;

async function listRecordSets(dns: DNS, zone: string, context: DnsContext): Promise<RecordSet[]> {
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

/** One change, atomic; answers its id. @throws DnsError `conflict` (or `not-found`) when the zone is not as it was read. */
async function applyChanges(
  dns: DNS,
  zone: string,
  changes: readonly NameChange[],
  context: DnsContext,
): Promise<string | undefined> {
  const at = dns.zone(zone);
  const asRecord = (set: RecordSet): DnsRecord =>
    at.record(set.type, { name: `${set.name}.`, ttl: set.ttlSeconds, data: [...set.values] });
  const remove = changes.flatMap((one) => one.remove).map(asRecord);
  const add = changes.flatMap((one) => one.add).map(asRecord);
  const [change] = await ask('changing records', context, () => at.createChange({ delete: remove, add }));
  return change.id;
}

/** A change that Google does not know any more was in effect long ago. */
async function isDone(dns: DNS, zone: string, id: string, context: DnsContext): Promise<boolean> {
  const answer = await unlessMissing(
    ask('asking for the state of a change', context, () => dns.zone(zone).change(id).getMetadata()),
  );
  return (answer?.[0] as { status?: string } | undefined)?.status !== 'pending';
}

export function recordService(dns: DNS, zone: string, context: DnsContext): RecordService {
  return {
    limits: LIMITS,
    cost: (change) => ({
      additions: change.add.length,
      deletions: change.remove.length,
      characters: sizeOf(change).characters,
    }),
    atOnce: 1,
    list: () => listRecordSets(dns, zone, context),
    apply: (changes) => applyChanges(dns, zone, changes, context),
    async settled(changes) {
      for (const id of changes)
        await settled(() => isDone(dns, zone, id, context), {
          what: `Cloud DNS to answer with the new records of zone ${zone} everywhere`,
          limitSeconds: SETTLED_SECONDS,
          context,
        });
    },
  };
}
