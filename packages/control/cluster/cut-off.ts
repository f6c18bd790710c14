import type { Transaction } from '@skein/database/client.ts';
import { publishRevision } from '../map/publish.ts';

/** Takes a cluster's peers out of the maps, and what is behind them. @returns the revision that says so. */
export async function cutOffCluster(
  tx: Transaction,
  at: { organizationId: string; networkId: string; clusterId: string },
  now: Date,
): Promise<number> {
  const { organizationId, networkId, clusterId } = at;
  await tx.peer.updateMany({
    where: { clusterId, organizationId, removedAt: null },
    data: { removedAt: now, disconnectedAt: now },
  });
  await tx.clusterRange.deleteMany({ where: { clusterId, organizationId } });
  const { name } = await tx.cluster.findUniqueOrThrow({
    where: { id: clusterId, organizationId },
    select: { name: true },
  });
  return publishRevision(tx, organizationId, networkId, [{ cluster: clusterId }], `${name} is being removed`);
}
