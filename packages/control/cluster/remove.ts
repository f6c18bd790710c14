import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { removeClusterSteps } from '../operation/steps/remove.ts';
import type { Operation } from '../operation/view.ts';

/**
 * Takes a cluster out of its network: its peers are cut off at once, then its names, nodes and VPC go.
 * @param input.confirm the cluster's name
 */
export async function removeCluster(
  context: Context,
  input: { id: string; confirm: string },
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
    const clusters = await tx.cluster.findMany({
      where: { networkId, organizationId, deletedAt: null },
      include: { peers: { where: { removedAt: null } } },
    });
    const removed = clusters.find((cluster) => cluster.id === input.id);
    if (!removed) throw new Refusal('not-found', 'There is no such cluster.');

    await tx.peer.updateMany({
      where: { clusterId: removed.id, organizationId, removedAt: null },
      data: { removedAt: now, disconnectedAt: now },
    });
    await tx.cluster.update({ where: { id: removed.id, organizationId }, data: { state: 'deleting' } });
    const others = clusters.filter((cluster) => cluster.id !== removed.id);
    const operation = await createOperation(tx, context, {
      networkId,
      kind: 'remove-cluster',
      title: `Remove the cluster ${name}`,
      steps: removeClusterSteps(removed, others),
      clusterIds: new Map(clusters.map((cluster) => [cluster.name, cluster.id])),
    });
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
