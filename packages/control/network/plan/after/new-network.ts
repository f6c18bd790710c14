import { snapshotOf } from '@skein/mesh/network.ts';
import { provisionSteps } from '../../../operation/steps/provision.ts';
import type { Draft } from '../draft.ts';
import { pairsOf } from '../peered.ts';
import { meshNetworkOf, peeredBy, type Shape } from '../shape.ts';
import { Unknowns } from '../unknowns.ts';
import type { Change } from './change.ts';
import { withCluster } from './grow.ts';

/** A network that is not there yet, with all of its clusters. */
export function newNetwork(draft: Draft): Change {
  const { name, zone, cidr, policy, peering, driftPolicy, dns } = draft;
  const unknowns = new Unknowns();
  const snapshot = snapshotOf(0, meshNetworkOf(draft), [], []);
  const bare: Shape = { name, zone, cidr, policy, peering, driftPolicy, dns, clusters: [], snapshot };
  const made = draft.clusters.reduce((shape, cluster) => withCluster(shape, cluster, unknowns), bare);
  const pairs = pairsOf(made);
  const after = peeredBy(made, pairs);
  const steps = provisionSteps(draft.clusters, dns !== null, pairs, draft.topology);
  return { kind: 'provision', title: `Provision ${name}`, after, steps, unknowns };
}
