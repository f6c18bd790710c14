import type { NetworkChange } from '@skein/contract/rest/network.ts';
import type { Policy } from '@skein/contract/rest/policy.ts';
import { simplePolicy, simplePortsOf } from '@skein/mesh/policy/simple.ts';
import type { TopologySetting } from '@skein/mesh/topology/plan.ts';
import { Refusal } from '../../../failure.ts';
import { peeringSteps, unpeeringSteps } from '../../../operation/steps/peering.ts';
import { type PlannedStep, planned } from '../../../operation/steps/planned.ts';
import { recordsStep, verifyStep } from '../../../operation/steps/provision.ts';
import { topologySteps } from '../../../operation/steps/topology.ts';
import { pairsOf } from '../peered.ts';
import { type Book, cloudClusters, peeredBy, type Shape } from '../shape.ts';
import { type Change, known } from './change.ts';

/**
 * Other settings. What the wish leaves out stays as it is. `newPorts`: maps change, so agents must hear of it.
 * `newTopology`: what maps are to show once its ways are open.
 */
export function changedSettings(
  { shape, rows }: Book,
  wish: NetworkChange,
): Change & { newPorts: boolean; newTopology: TopologySetting | null } {
  const { peering = shape.peering, driftPolicy = shape.driftPolicy } = wish;
  // The same ports again, in whatever order, change no map: no agent would ever say that it has applied a new one.
  const wished = wish.allowedPorts && simplePolicy(wish.allowedPorts);
  const newPorts = wished !== undefined && JSON.stringify(wished) !== JSON.stringify(simple(shape.policy));
  const policy = newPorts ? wished : shape.policy;
  const newTopology = wishedTopology(shape, wish);
  const network = { ...shape.snapshot.network, policy, ...newTopology };
  const set: Shape = {
    ...shape,
    policy,
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
  const clusters = cloudClusters(set).map((cluster) => cluster.name);
  const maps = newTopology
    ? topologySteps(clusters, topologyWords(set, newTopology), appliedStep())
    : newPorts
      ? [appliedStep()]
      : [];
  const ways = newPeering ? way : [];
  const steps = [...ways, ...maps, ...thenNames(ways), ...thenProof(newTopology ? [...ways, ...maps] : ways)];
  const words = [
    ...(newTopology ? ['the topology'] : []),
    ...(newPorts ? ['the allowed ports'] : []),
    ...(newPeering ? ['the peering'] : []),
    ...(driftPolicy === shape.driftPolicy ? [] : ['the drift policy']),
  ];
  const title =
    words.length > 0 ? `Change ${words.join(' and ')} of ${shape.name}` : `Keep ${shape.name} as it is`;
  return { ...known({ kind: 'change-network', title, after, steps }), newPorts, newTopology };
}

/** Null where it is what it was. */
function wishedTopology({ snapshot, clusters }: Shape, wish: NetworkChange): TopologySetting | null {
  const { network } = snapshot;
  const topology = wish.topology ?? network.topology;
  // Another topology has no hub; coming back to one, an old choice does not come back with it.
  const kept = topology === network.topology ? network.hubClusterId : null;
  const hubClusterId =
    topology === 'hub' ? (wish.hubClusterId === undefined ? kept : wish.hubClusterId) : null;
  const isNewHub = wish.hubClusterId !== undefined && hubClusterId !== null;
  if (isNewHub && !clusters.some((one) => one.id === hubClusterId && one.state !== 'deleting'))
    throw new Refusal('not-found', 'There is no such cluster to be the hub.');
  const same = topology === network.topology && hubClusterId === network.hubClusterId;
  return same ? null : { topology, hubClusterId };
}

function topologyWords({ clusters }: Shape, { topology, hubClusterId }: TopologySetting): string {
  const hub = clusters.find((one) => one.id === hubClusterId);
  return `Link the clusters in ${topology} topology${hub ? ` around ${hub.name}` : ''}`;
}

/** Names of gateways follow the way that is taken to them. */
function thenNames(way: readonly PlannedStep[]): PlannedStep[] {
  const keys = way.map((step) => step.key);
  return keys.length === 0 ? [] : [recordsStep(keys)];
}

/** Every tunnel is looked at on its new way. */
function thenProof(ways: readonly PlannedStep[]): PlannedStep[] {
  const keys = ways.map((step) => step.key);
  return keys.length === 0 ? [] : [verifyStep(keys)];
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

/** A policy in the simple form, as that form is written. Ports alone may not take the place of rules that say more. */
function simple(policy: Policy): Policy {
  const ports = simplePortsOf(policy);
  if (ports === null)
    throw new Refusal(
      'conflict',
      'The policy of this network has rules of its own: open ports by changing it.',
    );
  return simplePolicy(ports);
}
