import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { removedCluster } from '../network/plan/after/remove.ts';
import { holdTo } from '../network/plan/hold.ts';
import { loadBook } from '../network/plan/load.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';

/**
 * Takes a cluster out of its network: its peers are cut off at once, then its names, nodes and VPC go.
 * @param input.confirm the cluster's name
 */
export async function removeCluster(
  context: Context,
  input: { id: string; confirm: string; planHash?: string | undefined },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    const now = context.now();
    const found = await tx.cluster.findFirst({ where: { id: input.id, organizationId, deletedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such cluster.');
    const { networkId, name } = found;
    if (input.confirm !== name)
      throw new Refusal('confirmation-needed', `This ends all nodes of ${name}. Confirm with its name.`, [
        { path: 'confirm', message: `must be ${name}` },
      ]);
    await lockNetwork(tx, organizationId, networkId);
    await refuseWhileOpen(tx, organizationId, networkId);
    const book = await loadBook(tx, organizationId, networkId);
    const change = removedCluster(book, input.id);
    const removed = change.cluster;
    holdTo(input.planHash, book, change);

    await tx.peer.updateMany({
      where: { clusterId: removed.id, organizationId, removedAt: null },
      data: { removedAt: now, disconnectedAt: now },
    });
    await tx.clusterRange.deleteMany({ where: { clusterId: removed.id, organizationId } });
    await tx.cluster.update({ where: { id: removed.id, organizationId }, data: { state: 'deleting' } });
    const { kind, title, steps } = change;
    const clusterIds = new Map(book.shape.clusters.map((cluster) => [cluster.name, cluster.id]));
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    await recordAudit(tx, context, 'cluster.remove', removed.id, { name, operationId: operation.id });
    await publishRevision(
      tx,
      organizationId,
      networkId,
      [{ cluster: removed.id }],
      `${name} is being removed`,
    );
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
