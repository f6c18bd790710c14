import { cutOffCluster } from '../../cluster/cut-off.ts';
import type { StepHandler } from '../engine/step-run.ts';
import { gone } from './site.ts';

/** Kind `cut-off`: a cluster's peers leave the maps. Those that are linked anew without it are let in already. */
export const cutOff: StepHandler = async (run) => {
  const { organizationId, networkId, clusterId } = run.step;
  if (clusterId === null) throw gone('The cluster is gone.');
  const at = { organizationId, networkId, clusterId };
  const revision = await run.write((tx) => cutOffCluster(tx, at, run.context.now()));
  run.log(`Revision ${revision} has none of its peers.`);
  return { revision };
};
