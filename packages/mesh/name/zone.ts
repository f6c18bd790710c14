/** Which records each hosted zone of a network holds. The shape is that of `AddressRecord` in packages/dns. */
import type { Snapshot } from '../network.ts';
import { namesOf } from './view.ts';

/** Short, so that a removed node is forgotten soon. */
export const RECORD_TTL_SECONDS = 60;

export interface ZoneRecord {
  readonly name: string;
  readonly addresses: string[];
  readonly ttlSeconds: number;
}

/** The network's public zone `Z`: every name with its public answer. */
export function publicZoneRecords(snapshot: Snapshot): ZoneRecord[] {
  return [...snapshot.parts.keys()].flatMap((id) => recordsOf(snapshot, id, 'public'));
}

/**
 * The private zone of one cluster, `C.Z`: its own names with their private addresses, for its VPC and those peered with
 * it. It holds no other cluster's names, which the public zone answers there too: a network's records grow with its
 * nodes, not with nodes times clusters.
 */
export function privateZoneRecords(snapshot: Snapshot, clusterId: string): ZoneRecord[] {
  return recordsOf(snapshot, clusterId, 'inside');
}

function recordsOf(snapshot: Snapshot, clusterId: string, view: 'inside' | 'public'): ZoneRecord[] {
  const part = snapshot.parts.get(clusterId);
  if (!part) return [];
  return namesOf(part, snapshot.network.zone).map((names) => ({
    name: names.name,
    addresses: names[view],
    ttlSeconds: RECORD_TTL_SECONDS,
  }));
}
