/** Which records each hosted zone of a network holds. The shape is that of `AddressRecord` in packages/dns. */
import { peeredWith, type Snapshot } from '../network.ts';
import { namesOf, peeredNameOf } from './view.ts';

/** Short, so that a removed node is forgotten soon. */
export const RECORD_TTL_SECONDS = 60;

export interface ZoneRecord {
  readonly name: string;
  readonly addresses: string[];
  readonly ttlSeconds: number;
}

/** The network's public zone: every name with its public answer. */
export function publicZoneRecords(snapshot: Snapshot): ZoneRecord[] {
  return recordsOf(snapshot, () => 'public');
}

/**
 * The private zone bound to one cluster's VPC: its own names with private addresses, all others as outside, but for the
 * gateways of peered clusters.
 */
export function privateZoneRecords(snapshot: Snapshot, clusterId: string): ZoneRecord[] {
  const part = snapshot.parts.get(clusterId);
  const peered = new Map(
    (part ? peeredWith(snapshot, part) : []).flatMap((other) => {
      const view = peeredNameOf(other, snapshot.network.zone);
      return view ? [[view.name, view.inside] as const] : [];
    }),
  );
  return recordsOf(snapshot, (id) => (id === clusterId ? 'inside' : 'outside')).map((record) => ({
    ...record,
    addresses: peered.get(record.name) ?? record.addresses,
  }));
}

function recordsOf(
  snapshot: Snapshot,
  viewFor: (clusterId: string) => 'inside' | 'outside' | 'public',
): ZoneRecord[] {
  const records: ZoneRecord[] = [];
  for (const [clusterId, part] of snapshot.parts)
    for (const view of namesOf(part, snapshot.network.zone))
      records.push({ name: view.name, addresses: view[viewFor(clusterId)], ttlSeconds: RECORD_TTL_SECONDS });
  return records;
}
