import type { NewCluster } from '@skein/contract/rest/network.ts';
import { addClusterSteps } from '../../../operation/steps/provision.ts';
import { draftCluster, type Known, type PlannedCluster } from '../draft.ts';
import { refusal } from '../known.ts';
import { pairsOf } from '../peered.ts';
import { peeredBy, type Shape } from '../shape.ts';
import { Unknowns } from '../unknowns.ts';
import type { Change } from './change.ts';
import { withCluster } from './grow.ts';

/** One cluster more. Throws `Refusal` where it does not fit. */
export function addedCluster(
  shape: Shape,
  wanted: NewCluster,
  known: Known,
): Change & { drafted: PlannedCluster } {
  if (shape.clusters.some((cluster) => cluster.name === wanted.name))
    throw refusal([{ path: 'name', message: `there is a cluster named ${wanted.name} already` }]);
  const takenOverlay = shape.clusters.map((cluster) => cluster.overlayCidr);
  const result = draftCluster(wanted, shape.cidr, { ...known, takenOverlay });
  if (!result.ok) throw refusal(result.problems);
  const drafted = result.cluster;
  const unknowns = new Unknowns();
  const grown = withCluster(shape, drafted, unknowns);
  const pairs = pairsOf(grown).filter((pair) => pair.includes(drafted.name));
  return {
    kind: 'add-cluster',
    title: `Add the cluster ${drafted.name} to ${shape.name}`,
    after: peeredBy(grown, pairs),
    steps: addClusterSteps(
      drafted,
      shape.clusters,
      shape.dns !== null,
      pairs,
      shape.snapshot.network.topology,
    ),
    unknowns,
    drafted,
  };
}
