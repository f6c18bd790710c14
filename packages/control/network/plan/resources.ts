import type { NetworkPlan, PlannedResource, ResourceKind } from '@skein/contract/rest/network.ts';
import { compareText } from '@skein/mesh/network.ts';
import type { z } from 'zod';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import { isDeleted, isMade } from './reach.ts';
import { Rows } from './rows.ts';
import { cloudClusters, type HeldRow, type Shape, type ShapeCluster } from './shape.ts';
import { leftAlone, type Thing, thingsOf, zoneGuests } from './things.ts';

type Planned = z.infer<typeof PlannedResource>;
type Told = Pick<NetworkPlan, 'rules' | 'records'>;

const KINDS: readonly ResourceKind[] = [
  'network',
  'peering',
  'address',
  'firewall',
  'instance',
  'zone',
  'record',
];

/** What is made, changed, destroyed and kept. */
export function plannedResources(
  before: Shape,
  after: Shape,
  rows: readonly HeldRow[],
  steps: readonly PlannedStep[],
  told: Told,
): Planned[] {
  const wanted = thingsOf(after);
  const held = new Rows(rows);
  const moved = new Set([...movedIn(told), ...reboundIn(before, after)]);
  const planned: Planned[] = [];
  for (const thing of wanted) {
    const row = held.at(thing.clusterId, thing.rowKey);
    const action = actionOf(thing, row, steps, moved);
    const { kind, key, cluster, provider, region, summary } = thing;
    if (action) planned.push({ action, kind, key, cluster, provider, region, summary });
  }
  const names = new Map([...before.clusters, ...after.clusters].map(({ id, name }) => [id, name]));
  const keys = new Set(wanted.map((thing) => `${thing.clusterId} ${thing.rowKey}`));
  for (const row of rows)
    if (!keys.has(`${row.clusterId} ${row.key}`)) planned.push(unwanted(row, before, names, steps));
  return planned.sort(compareThings);
}

/** What the network should have, clouds do not hold, and no step of the operation makes. */
export function leftUndone(after: Shape, rows: readonly HeldRow[], steps: readonly PlannedStep[]): Thing[] {
  const held = new Rows(rows);
  return thingsOf(after).filter(
    (thing) => !isMade(thing, steps) && held.at(thing.clusterId, thing.rowKey)?.status !== 'present',
  );
}

/** Undefined where the thing is not there and this operation does not make it either. */
function actionOf(
  thing: Thing,
  row: HeldRow | undefined,
  steps: readonly PlannedStep[],
  moved: ReadonlySet<string>,
): Planned['action'] | undefined {
  const made = isMade(thing, steps);
  if (!row && !made) return undefined;
  if (thing.theirs) return 'keep';
  if (row?.status !== 'present' && made) return 'create';
  return moved.has(`${thing.cluster} ${thing.key}`) ? 'change' : 'keep';
}

/** Groups and record sets in which something comes, changes or goes: their cluster and key. */
function movedIn({ rules, records }: Told): Set<string> {
  const moved = new Set<string>();
  for (const one of rules) if (one.action !== 'keep') moved.add(`${one.cluster} firewall/${one.group}`);
  for (const { action, zone } of records)
    if (action !== 'keep') moved.add(zone === 'public' ? 'null records/public' : `${zone} records/private`);
  return moved;
}

/** Private zones that are to answer in other VPCs. */
function reboundIn(before: Shape, after: Shape): string[] {
  const guests = (shape: Shape, cluster: ShapeCluster) =>
    zoneGuests(shape, cluster)
      .map((one) => one.id)
      .join();
  return cloudClusters(before).flatMap((cluster) => {
    const then = after.clusters.find((one) => one.id === cluster.id);
    return then && guests(before, cluster) !== guests(after, then) ? [`${cluster.name} zone/private`] : [];
  });
}

/** A row of what the network is to have no longer. It stays where no step of this operation deletes it. */
function unwanted(
  row: HeldRow,
  before: Shape,
  names: ReadonlyMap<string, string>,
  steps: readonly PlannedStep[],
): Planned {
  const { kind, key: rowKey, provider, region, summary } = row;
  const home = before.clusters.find((one) => one.id === row.clusterId);
  const cluster = home?.name ?? null;
  const far = kind === 'peering' ? names.get(rowKey.slice('peering/'.length)) : undefined;
  const said = { kind, key: far === undefined ? rowKey : `peering/${far}`, cluster, provider, region };
  if (kind === 'network' && home?.existingNetwork)
    return { action: 'keep', ...said, summary: leftAlone(home.existingNetwork) };
  const gone = isDeleted({ kind, key: rowKey, cluster }, steps);
  return { action: gone ? 'destroy' : 'keep', ...said, summary };
}

/** Cluster by cluster, what belongs to the whole network last; each in the order in which it is made. */
function compareThings(a: Planned, b: Planned): number {
  return (
    Number(a.cluster === null) - Number(b.cluster === null) ||
    compareText(a.cluster ?? '', b.cluster ?? '') ||
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    compareText(a.key, b.key)
  );
}
