import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { clusterFields, clusterView } from '../network/view.ts';

/** One cluster. A deleted one can still be looked at by its id. */
export async function getCluster(context: Context, input: { id: string }): Promise<Cluster> {
  const row = await context.database.cluster.findFirst({
    where: { id: input.id, organizationId: context.actor.organizationId },
    select: clusterFields,
  });
  if (!row) throw new Refusal('not-found', 'There is no such cluster.');
  return clusterView(row);
}
