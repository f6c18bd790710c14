import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { removePeerSteps } from '../operation/steps/remove.ts';
import type { Operation } from '../operation/view.ts';

/** Takes a peer out of its network: it is cut off at once, then its names and, where Skein made it, its node go. */
export async function removePeer(context: Context, input: { id: string }): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    const now = context.now();
    const found = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such peer.');
    const { networkId, clusterId } = found;
    await lockNetwork(tx, organizationId, networkId);
    await refuseWhileOpen(tx, organizationId, networkId);
    const clusters = await tx.cluster.findMany({
      where: { networkId, organizationId, deletedAt: null },
      include: { peers: { where: { removedAt: null } } },
    });
    const cluster = clusters.find((one) => one.id === clusterId);
    const peer = cluster?.peers.find((one) => one.id === input.id);
    if (!cluster || !peer) throw new Refusal('not-found', 'There is no such peer.');
    const others = cluster.peers.filter((one) => one.id !== peer.id);
    if (peer.role === 'gateway' && others.length > 0 && !others.some((one) => one.role === 'gateway'))
      throw new Refusal(
        'conflict',
        `${peer.name} is the only gateway of ${cluster.name}: its other peers would be cut off. Remove them first, or the cluster.`,
      );

    await tx.peer.update({
      where: { id: peer.id, organizationId },
      data: { removedAt: now, disconnectedAt: now },
    });
    const operation = await createOperation(tx, context, {
      networkId,
      kind: 'remove-peer',
      title: `Remove ${peer.name} from ${cluster.name}`,
      steps: removePeerSteps({ ...peer, cluster: cluster.name }, clusters),
      clusterIds: new Map(clusters.map((one) => [one.name, one.id])),
    });
    await recordAudit(tx, context, 'peer.remove', peer.id, { name: peer.name, operationId: operation.id });
    await publishRevision(tx, organizationId, networkId, [{ peer: peer.id }], `${peer.name} was removed`);
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
