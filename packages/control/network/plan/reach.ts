/** What the steps of an operation touch: a plan tells of no change that no step makes. */
import type { ResourceKind } from '@skein/contract/rest/network.ts';
import type { PlannedStep, StepKind } from '../../operation/steps/planned.ts';

interface Thing {
  kind: ResourceKind;
  key: string;
  /** Name of its cluster; null for what belongs to the whole network. */
  cluster: string | null;
  /** Of a peering: the other cluster's name. */
  far?: string | null;
}

const MAKERS: Record<ResourceKind, StepKind> = {
  network: 'network',
  peering: 'peering',
  firewall: 'firewall',
  address: 'addresses',
  instance: 'instances',
  zone: 'zones',
  record: 'records',
};

/** Whether one of the steps makes it, or makes it anew as it must be now. */
export function isMade(thing: Thing, steps: readonly PlannedStep[]): boolean {
  const of = indexOf(steps);
  const kind = MAKERS[thing.kind];
  // One step makes both halves.
  if (thing.kind === 'peering') return of.pairs.has([thing.cluster, thing.far].sort().join(' '));
  const own = [...(of.steps.get(`${kind} ${thing.cluster}`) ?? []), ...(of.steps.get(`${kind} null`) ?? [])];
  return own.some((step) => {
    const named = step.input.peers;
    return thing.kind !== 'instance' || !named || named.includes(thing.key.slice('instance/'.length));
  });
}

/** Whether one of the steps deletes it. */
export function isDeleted(thing: Thing, steps: readonly PlannedStep[]): boolean {
  return (indexOf(steps).steps.get(`delete ${thing.cluster}`) ?? []).some(({ input: { kinds, keys } }) => {
    return (!kinds || kinds.some((kind) => kind === thing.kind)) && (!keys || keys.includes(thing.key));
  });
}

interface Index {
  /** By kind and cluster. */
  steps: Map<string, PlannedStep[]>;
  /** Names of peered clusters, two by two. */
  pairs: Set<string>;
}
// A large network has thousands of steps and things, and each thing asks after its own.
const indexes = new WeakMap<readonly PlannedStep[], Index>();

function indexOf(steps: readonly PlannedStep[]): Index {
  const known = indexes.get(steps);
  if (known) return known;
  const index: Index = {
    steps: Map.groupBy(steps, (step) => `${step.kind} ${step.cluster}`),
    pairs: new Set(),
  };
  for (const step of steps)
    if (step.kind === 'peering') index.pairs.add([step.cluster, step.input.with].sort().join(' '));
  indexes.set(steps, index);
  return index;
}
