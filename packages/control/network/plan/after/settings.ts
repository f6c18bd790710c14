import type { AllowedPort } from '@skein/contract/primitive.ts';
import type { NetworkChange } from '@skein/contract/rest/network.ts';
import { peeringSteps, unpeeringSteps } from '../../../operation/steps/peering.ts';
import { type PlannedStep, planned } from '../../../operation/steps/planned.ts';
import { recordsStep, verifyStep } from '../../../operation/steps/provision.ts';
import { pairsOf } from '../peered.ts';
import { type Book, peeredBy, type Shape } from '../shape.ts';
import { type Change, known } from './change.ts';

/** Other settings. What the wish leaves out stays as it is. `newPorts`: maps change, so agents must hear of it. */
export function changedSettings({ shape, rows }: Book, wish: NetworkChange): Change & { newPorts: boolean } {
  const { peering = shape.peering, driftPolicy = shape.driftPolicy } = wish;
  // The same ports again, in whatever order, change no map: no agent would ever say that it has applied a new one.
  const newPorts =
    wish.allowedPorts !== undefined && portsText(wish.allowedPorts) !== portsText(shape.allowedPorts);
  const allowedPorts = newPorts && wish.allowedPorts ? wish.allowedPorts : shape.allowedPorts;
  const network = { ...shape.snapshot.network, allowedPorts };
  const set: Shape = {
    ...shape,
    allowedPorts,
    peering,
    driftPolicy,
    snapshot: { ...shape.snapshot, network },
  };
  const newPeering = peering !== shape.peering;
  const pairs = pairsOf(set);
  const after = newPeering ? peeredBy(set, peering === 'none' ? null : pairs) : set;
  const holding = rows.filter((row) => row.kind === 'peering').map((row) => row.clusterId);
  const held = shape.clusters
    .filter((cluster) => holding.includes(cluster.id))
    .map((cluster) => cluster.name);
  const way = peering === 'none' ? unpeeringSteps(held) : peeringSteps(pairs, []);
  const steps = [...(newPeering ? thenNames(way) : []), ...(newPorts ? [appliedStep()] : [])];
  const words = [
    ...(newPorts ? ['the allowed ports'] : []),
    ...(newPeering ? ['the peering'] : []),
    ...(driftPolicy === shape.driftPolicy ? [] : ['the drift policy']),
  ];
  const title =
    words.length > 0 ? `Change ${words.join(' and ')} of ${shape.name}` : `Keep ${shape.name} as it is`;
  return { ...known({ kind: 'change-network', title, after, steps }), newPorts };
}

/** Names of gateways follow the way that is taken to them, and every tunnel is looked at on it. */
function thenNames(way: readonly PlannedStep[]): PlannedStep[] {
  const keys = way.map((step) => step.key);
  return keys.length === 0 ? [] : [...way, recordsStep(keys), verifyStep(keys)];
}

/** The revision is known when it is published: whoever makes the change adds it. */
function appliedStep(): PlannedStep {
  return planned('applied', {
    key: 'applied',
    title: 'Wait until every connected agent has applied it',
    cluster: null,
    dependsOn: [],
  });
}

function portsText(ports: readonly AllowedPort[]): string {
  return [...new Set(ports.map((one) => `${one.protocol} ${one.port}`))].sort().join();
}
