import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { draftPeers } from '../network/plan/draft.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { addNodesSteps } from '../operation/steps/provision.ts';
import type { Operation } from '../operation/view.ts';
import { writePeers } from './write.ts';

/** Makes more nodes in a cluster that Skein provisions. Their peers are expected at once. */
export async function addNodes(context: Context, input: { id: string; count: number }): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM cluster WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR UPDATE`;
    const cluster = await tx.cluster.findFirst({
      where: { id: input.id, organizationId, deletedAt: null },
      include: { peers: { where: { removedAt: null } } },
    });
    if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
    const { networkId, name } = cluster;
    if (cluster.cloudAccountId === null)
      throw new Refusal(
        'conflict',
        `${name} has no cloud account: run the join command on the node instead.`,
      );
    if (cluster.state !== 'ready')
      throw new Refusal('conflict', `${name} is not ready: it is ${cluster.state}.`);
    if (!cluster.peers.some((peer) => peer.role === 'gateway'))
      throw new Refusal(
        'conflict',
        `${name} has no gateway: remove the cluster and add it again with nodes.`,
      );
    await refuseWhileOpen(tx, organizationId, networkId);
    // The instance of a peer that left may still stand: under its name no new one would be made.
    const standing = await tx.cloudResource.findMany({
      where: { organizationId, clusterId: cluster.id, kind: 'instance', status: { not: 'gone' } },
      select: { key: true },
    });
    const taken = standing.map(({ key }) => key.slice('instance/'.length));
    const peers = draftPeers(input.count, cluster.overlayCidr, cluster.peers, taken);
    if (peers.length < input.count)
      throw new Refusal(
        'conflict',
        `The range ${cluster.overlayCidr} of ${name} has no room for ${input.count} more nodes.`,
      );

    await writePeers(tx, context, { networkId, clusterId: cluster.id }, peers);
    const names = peers.map((peer) => peer.name);
    const operation = await createOperation(tx, context, {
      networkId,
      kind: 'add-nodes',
      title: `Add ${names.join(', ')} to ${name}`,
      steps: addNodesSteps(name, names),
      clusterIds: new Map([[name, cluster.id]]),
    });
    await recordAudit(tx, context, 'cluster.add-nodes', cluster.id, { names, operationId: operation.id });
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
