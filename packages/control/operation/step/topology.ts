import { publishRevision } from '../../map/publish.ts';
import type { StepHandler } from '../engine/step-run.ts';

/**
 * Kind `topology`: maps show the topology that the network is to have from now on. Its ways are open already; those of
 * the one before are closed by later steps, when every agent has left them.
 */
export const changeTopology: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const revision = await run.write(async (tx) => {
    const { nextTopology, nextHubClusterId } = await tx.network.findUniqueOrThrow({
      where: { id: networkId, organizationId },
      select: { nextTopology: true, nextHubClusterId: true },
    });
    // Done by an attempt whose outcome was lost.
    if (nextTopology === null) return null;
    await tx.network.update({
      where: { id: networkId, organizationId },
      data: {
        topology: nextTopology,
        hubClusterId: nextHubClusterId,
        nextTopology: null,
        nextHubClusterId: null,
      },
    });
    return publishRevision(tx, organizationId, networkId, [{ network: true }], `topology ${nextTopology}`);
  });
  if (revision !== null) run.log(`Revision ${revision} links the clusters anew.`);
  return { revision };
};
