import type { Labels } from '@skein/contract/primitive.ts';
import type { Cluster } from '@skein/contract/rest/network.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { clusterFields, clusterView } from '../network/view.ts';

/** Gives a cluster, and with it all of its peers, these labels and no others. Rules that speak of labels follow at once. */
export async function labelCluster(
  context: Context,
  input: { id: string; labels: Labels },
): Promise<Cluster> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM cluster WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
    const found = await tx.cluster.findFirst({
      where: { id: input.id, organizationId, deletedAt: null },
      select: clusterFields,
    });
    if (!found) throw new Refusal('not-found', 'There is no such cluster.');
    const { id, networkId, name } = found;
    const row = await tx.cluster.update({
      where: { id, organizationId },
      data: { labels: input.labels },
      select: clusterFields,
    });
    await recordAudit(tx, context, 'cluster.label', id, {
      name,
      before: clusterView(found).labels,
      labels: input.labels,
    });
    await publishRevision(tx, organizationId, networkId, [{ cluster: id }], `${name} has other labels`);
    return clusterView(row);
  });
}
