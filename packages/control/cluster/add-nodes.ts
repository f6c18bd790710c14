import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { lockNetwork } from '../network/lock.ts';
import { addedNodes } from '../network/plan/after/add-nodes.ts';
import { holdTo } from '../network/plan/hold.ts';
import { loadBook } from '../network/plan/load.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { writePeers } from './write.ts';

/** Makes more nodes in a cluster that Skein provisions. Their peers are expected at once. */
export async function addNodes(
  context: Context,
  input: { id: string; count: number; planHash?: string | undefined },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { id: clusterId, count, planHash } = input;
  const operation = await context.database.$transaction(async (tx) => {
    const found = await tx.cluster.findFirst({ where: { id: clusterId, organizationId, deletedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such cluster.');
    const { networkId } = found;
    await lockNetwork(tx, organizationId, networkId);
    const book = await loadBook(tx, organizationId, networkId);
    const change = addedNodes(book, clusterId, count);
    await refuseWhileOpen(tx, organizationId, networkId);
    holdTo(planHash, book, change);

    await writePeers(tx, context, { networkId, clusterId }, change.drafted);
    const { kind, title, steps } = change;
    const clusterIds = new Map([[found.name, clusterId]]);
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    const names = change.drafted.map((peer) => peer.name);
    await recordAudit(tx, context, 'cluster.add-nodes', clusterId, { names, operationId: operation.id });
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
