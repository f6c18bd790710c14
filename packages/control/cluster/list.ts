import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Context } from '../context.ts';
import { clusterFields, clusterView, loadNetwork } from '../network/view.ts';

/** Living clusters of a network, by name; there are at most some hundred. */
export async function listClusters(context: Context, input: { networkId: string }): Promise<Cluster[]> {
  const { organizationId } = context.actor;
  await loadNetwork(context.database, organizationId, input.networkId);
  const rows = await context.database.cluster.findMany({
    where: { networkId: input.networkId, organizationId, deletedAt: null },
    orderBy: { name: 'asc' },
    select: clusterFields,
  });
  return rows.map(clusterView);
}
