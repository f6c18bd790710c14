/**
 * Record sets of a zone. Azure has no batches: each set is put or deleted by itself, on the condition that it is still
 * what was read. So a name is marked as ours before it is written, and unmarked after it is gone.
 */
import type { RecordSet as PublicSet } from '@azure/arm-dns';
import type { RecordSet as PrivateSet } from '@azure/arm-privatedns';
import { type NameChange, plainName, type RecordSet } from '../change-set.ts';
import type { DnsContext } from '../provider.ts';
import type { RecordService } from '../reconcile-records.ts';
import type { AzureDns } from './connection.ts';
import type { Place } from './place.ts';

/** Names that are worked on at the same time. */
const AT_ONCE = 8;

type AzureSet = PublicSet & Pick<PrivateSet, 'isAutoRegistered'>;

const typeOf = (set: AzureSet) => (set.type ?? '').replace(/^.*\//, '').toUpperCase();

/** Values as other services write them; of types that Skein does not write, a word each will do. */
function valuesOf(set: AzureSet): string[] {
  if (set.aRecords) return set.aRecords.map((one) => one.ipv4Address ?? '');
  if (set.txtRecords) return set.txtRecords.map((one) => `"${(one.value ?? []).join('')}"`);
  return [set.fqdn ?? set.name ?? ''];
}

/** A set that follows some resource of Azure, or that a network's own machines are written into, is not plain. */
export function asRecordSet(set: AzureSet, zone: string): RecordSet {
  return {
    name: plainName(set.name === '@' || !set.name ? zone : `${set.name}.${zone}`),
    type: typeOf(set),
    ttlSeconds: set.ttl ?? 0,
    values: valuesOf(set),
    plain: !set.targetResource?.id && set.isAutoRegistered !== true,
  };
}

/** `@` for the zone's own name. */
export const relativeName = (name: string, zone: string) =>
  name === zone ? '@' : name.slice(0, -zone.length - 1);

function asAzure({ type, ttlSeconds, values }: RecordSet): PublicSet & PrivateSet {
  return type === 'A'
    ? { ttl: ttlSeconds, aRecords: values.map((ipv4Address) => ({ ipv4Address })) }
    : { ttl: ttlSeconds, txtRecords: values.map((value) => ({ value: [value.replace(/^"|"$/g, '')] })) };
}

export function recordService(azure: AzureDns, place: Place, context: DnsContext): RecordService {
  const { group, zone, visibility } = place;
  const etags = new Map<string, string>();
  const keyOf = (set: { name: string; type: string }) => `${set.name} ${set.type}`;

  async function list(): Promise<RecordSet[]> {
    const found: AzureSet[] =
      visibility === 'public'
        ? await azure.all('listing records', context, (o) =>
            azure.zones.recordSets.listByDnsZone(group, zone, o),
          )
        : await azure.all('listing records', context, (o) =>
            azure.privateZones.recordSets.list(group, zone, o),
          );
    etags.clear();
    return found.map((set) => {
      const one = asRecordSet(set, zone);
      if (set.etag) etags.set(keyOf(one), set.etag);
      return one;
    });
  }

  /** @param replaced what was read there, or undefined where nothing may be. */
  function put(set: RecordSet, replaced: RecordSet | undefined): Promise<unknown> {
    const condition = replaced ? { ifMatch: etags.get(keyOf(replaced)) ?? '*' } : { ifNoneMatch: '*' };
    const [name, body, type] = [relativeName(set.name, zone), asAzure(set), set.type as 'A' | 'TXT'];
    return azure.ask('writing a record', context, (o) =>
      visibility === 'public'
        ? azure.zones.recordSets.createOrUpdate(group, zone, name, type, body, { ...o, ...condition })
        : azure.privateZones.recordSets.createOrUpdate(group, zone, type, name, body, { ...o, ...condition }),
    );
  }

  function remove(set: RecordSet): Promise<unknown> {
    const condition = { ifMatch: etags.get(keyOf(set)) ?? '*' };
    const [name, type] = [relativeName(set.name, zone), set.type as 'A' | 'TXT'];
    return azure.find('deleting a record', context, (o) =>
      visibility === 'public'
        ? azure.zones.recordSets.delete(group, zone, name, type, { ...o, ...condition })
        : azure.privateZones.recordSets.delete(group, zone, type, name, { ...o, ...condition }),
    );
  }

  return {
    limits: { names: 1 },
    cost: () => ({ names: 1 }),
    atOnce: AT_ONCE,
    list,
    async apply(changes: readonly NameChange[]) {
      for (const change of changes) {
        const marksFirst = change.add.toSorted((a, b) => Number(b.type === 'TXT') - Number(a.type === 'TXT'));
        for (const set of marksFirst) {
          const replaced = change.remove.find((one) => keyOf(one) === keyOf(set));
          await put(set, replaced);
        }
        const marksLast = change.remove.toSorted(
          (a, b) => Number(a.type === 'TXT') - Number(b.type === 'TXT'),
        );
        for (const set of marksLast)
          if (!change.add.some((one) => keyOf(one) === keyOf(set))) await remove(set);
      }
      return undefined;
    },
    // Azure answers when its name servers have it.
    settled: async () => {},
  };
}
