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
  return steps.some((step) => {
    if (step.kind !== MAKERS[thing.kind]) return false;
    // One step makes both halves.
    if (thing.kind === 'peering') {
      const ends = [step.cluster, step.input.with];
      return ends.includes(thing.cluster ?? '') && ends.includes(thing.far ?? '');
    }
    if (step.cluster !== null && step.cluster !== thing.cluster) return false;
    const named = step.input.peers;
    return thing.kind !== 'instance' || !named || named.includes(thing.key.slice('instance/'.length));
  });
}

/** Whether one of the steps deletes it. */
export function isDeleted(thing: Thing, steps: readonly PlannedStep[]): boolean {
  return steps.some((step) => {
    if (step.kind !== 'delete' || step.cluster !== thing.cluster) return false;
    const { kinds, keys } = step.input;
    return (!kinds || kinds.some((kind) => kind === thing.kind)) && (!keys || keys.includes(thing.key));
  });
}
