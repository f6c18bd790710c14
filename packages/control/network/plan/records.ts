import type { PlannedRecord } from '@skein/contract/rest/network.ts';
import { privateZoneRecords, publicZoneRecords, type ZoneRecord } from '@skein/mesh/name/zone.ts';
import { compareText } from '@skein/mesh/network.ts';
import type { z } from 'zod';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import { isDeleted, isMade } from './reach.ts';
import { Rows } from './rows.ts';
import { cloudClusters, type HeldRow, type Shape } from './shape.ts';
import type { Unknowns } from './unknowns.ts';

type Record = z.infer<typeof PlannedRecord>;

/** A hosted zone of the network: the public one, or that of one cluster's VPC. */
interface Zone {
  /** `public`, or the cluster's name. */
  name: string;
  clusterId: string | null;
}

/** Every name in every hosted zone: what it answers now and what it will. */
export function plannedRecords(
  before: Shape,
  after: Shape,
  rows: readonly HeldRow[],
  steps: readonly PlannedStep[],
  unknowns: Unknowns,
): Record[] {
  const planned: Record[] = [];
  const there = new Rows(rows);
  for (const zone of zonesOf(before, after)) {
    const cluster = zone.clusterId === null ? null : zone.name;
    const key = zone.clusterId === null ? 'public' : 'private';
    const thing = { kind: 'zone', key: `zone/${key}`, cluster } as const;
    const held = there.at(zone.clusterId, thing.key) !== undefined;
    const records = { kind: 'record', key: `records/${key}`, cluster } as const;
    const old = held ? recordsIn(before, zone) : new Map<string, string[]>();
    const gone = isDeleted(thing, steps);
    const written = isMade(records, steps) && (held || isMade(thing, steps));
    const wanted = gone ? new Map<string, string[]>() : written ? recordsIn(after, zone) : old;
    planned.push(...compared(zone.name, old, wanted, unknowns));
  }
  return planned.sort((a, b) => compareZones(a.zone, b.zone) || compareText(a.name, b.name));
}

function zonesOf(before: Shape, after: Shape): Zone[] {
  const zones = new Map<string, Zone>();
  if (before.dns || after.dns) zones.set('public', { name: 'public', clusterId: null });
  for (const { id, name } of [...cloudClusters(before), ...cloudClusters(after)])
    zones.set(id, { name, clusterId: id });
  return [...zones.values()];
}

function recordsIn({ snapshot }: Shape, zone: Zone): Map<string, string[]> {
  const records: readonly ZoneRecord[] =
    zone.clusterId === null ? publicZoneRecords(snapshot) : privateZoneRecords(snapshot, zone.clusterId);
  return new Map(records.map((one) => [one.name, one.addresses]));
}

function compared(
  zone: string,
  old: ReadonlyMap<string, readonly string[]>,
  wanted: ReadonlyMap<string, readonly string[]>,
  unknowns: Unknowns,
): Record[] {
  const names = new Set([...old.keys(), ...wanted.keys()]);
  return [...names].map((name) => {
    const before = [...(old.get(name) ?? [])].sort(compareText);
    const after = (wanted.get(name) ?? []).map((one) => unknowns.say(one)).sort(compareText);
    const same = before.join() === after.join();
    const action = before.length === 0 ? 'create' : after.length === 0 ? 'destroy' : same ? 'keep' : 'change';
    return { action, zone, name, before, after };
  });
}

/** The public zone first. */
function compareZones(a: string, b: string): number {
  return Number(b === 'public') - Number(a === 'public') || compareText(a, b);
}
