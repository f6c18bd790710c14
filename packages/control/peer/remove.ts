import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { removedPeer } from '../network/plan/after/remove.ts';
import { holdTo } from '../network/plan/hold.ts';
import { loadBook } from '../network/plan/load.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { forgetRangesOf } from '../range/forget.ts';

/** Takes a peer out of its network: it is cut off at once, then its names and, where Skein made it, its node go. */
export async function removePeer(
  context: Context,
  input: { id: string; planHash?: string | undefined },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    const now = context.now();
    const found = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such peer.');
    const { networkId } = found;
    await lockNetwork(tx, organizationId, networkId);
    await refuseWhileOpen(tx, organizationId, networkId);
    const book = await loadBook(tx, organizationId, networkId);
    const change = removedPeer(book, input.id);
    const { peer } = change;
    holdTo(input.planHash, book, change);

    await tx.peer.update({
      where: { id: peer.id, organizationId },
      data: { removedAt: now, disconnectedAt: now },
    });
    const behind = await forgetRangesOf(tx, organizationId, { id: peer.id, clusterId: change.cluster.id });
    const { kind, title, steps } = change;
    const clusterIds = new Map(book.shape.clusters.map((one) => [one.name, one.id]));
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    await recordAudit(tx, context, 'peer.remove', peer.id, { name: peer.name, operationId: operation.id });
    const changes = [{ peer: peer.id }, ...behind];
    await publishRevision(tx, organizationId, networkId, changes, `${peer.name} was removed`);
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
