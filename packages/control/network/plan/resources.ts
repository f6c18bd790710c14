import type { NetworkPlan, PlannedResource, ResourceKind } from '@skein/contract/rest/network.ts';
import { compareText } from '@skein/mesh/network.ts';
import type { z } from 'zod';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import { isDeleted, isMade } from './reach.ts';
import type { HeldRow, Shape } from './shape.ts';
import { leftAlone, type Thing, thingsOf } from './things.ts';

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
  const planned: Planned[] = [];
  for (const thing of wanted) {
    const row = rows.find((one) => holds(one, thing));
    const action = actionOf(thing, row, steps, told);
    const { kind, key, cluster, provider, region, summary } = thing;
    if (action) planned.push({ action, kind, key, cluster, provider, region, summary });
  }
  const names = new Map([...before.clusters, ...after.clusters].map(({ id, name }) => [id, name]));
  for (const row of rows)
    if (!wanted.some((thing) => holds(row, thing))) planned.push(unwanted(row, before, names, steps));
  return planned.sort(compareThings);
}

/** What the network should have, clouds do not hold, and no step of the operation makes. */
export function leftUndone(after: Shape, rows: readonly HeldRow[], steps: readonly PlannedStep[]): Thing[] {
  return thingsOf(after).filter(
    (thing) => !isMade(thing, steps) && !rows.some((row) => holds(row, thing) && row.status === 'present'),
  );
}

function holds(row: HeldRow, thing: Thing): boolean {
  return row.clusterId === thing.clusterId && row.key === thing.rowKey;
}

/** Undefined where the thing is not there and this operation does not make it either. */
function actionOf(
  thing: Thing,
  row: HeldRow | undefined,
  steps: readonly PlannedStep[],
  told: Told,
): Planned['action'] | undefined {
  const made = isMade(thing, steps);
  if (!row && !made) return undefined;
  if (thing.theirs) return 'keep';
  if (row?.status !== 'present' && made) return 'create';
  const { kind, key, cluster } = thing;
  const touched =
    (kind === 'firewall' &&
      differs(told.rules, (one) => one.cluster === cluster && key === `firewall/${one.group}`)) ||
    (kind === 'record' && differs(told.records, (one) => one.zone === (cluster ?? 'public')));
  return touched ? 'change' : 'keep';
}

function differs<T extends { action: Planned['action'] }>(
  all: readonly T[],
  own: (one: T) => boolean,
): boolean {
  return all.some((one) => one.action !== 'keep' && own(one));
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
