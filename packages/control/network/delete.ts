import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { cancelSteps } from '../operation/cancel.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { lockNetwork } from './lock.ts';
import { deleted } from './plan/after/remove.ts';
import { holdTo } from './plan/hold.ts';
import { loadBook } from './plan/load.ts';

/**
 * Takes a network down: peers are cut off at once, then everything made for it is deleted, each part whatever becomes
 * of the others. Operations under way are cancelled first. Asked again, it starts over with what is left.
 * @param input.confirm the network's name
 */
export async function deleteNetwork(
  context: Context,
  input: { id: string; confirm: string; planHash?: string | undefined },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { id } = input;
  const operation = await context.database.$transaction(async (tx) => {
    const now = context.now();
    await lockNetwork(tx, organizationId, id);
    const book = await loadBook(tx, organizationId, id);
    const { name, clusters } = book.shape;
    if (input.confirm !== name)
      throw new Refusal('confirmation-needed', `This deletes everything in ${name}. Confirm with its name.`, [
        { path: 'confirm', message: `must be ${name}` },
      ]);
    const open = await tx.operation.findMany({
      where: { networkId: id, organizationId, state: { in: [...OPEN_STATES] } },
      select: { id: true, kind: true, state: true },
    });
    if (open.some((one) => one.kind === 'teardown' && one.state !== 'cancelling'))
      throw new Refusal('conflict', `${name} is being deleted already.`);
    const change = deleted(book);
    holdTo(input.planHash, book, change);
    for (const one of open) if (one.state !== 'cancelling') await cancelSteps(tx, one.id, now);

    await tx.peer.updateMany({
      where: { networkId: id, organizationId, removedAt: null },
      data: { removedAt: now, disconnectedAt: now },
    });
    await tx.clusterRange.deleteMany({ where: { networkId: id, organizationId } });
    await tx.cluster.updateMany({
      where: { networkId: id, organizationId, deletedAt: null },
      data: { state: 'deleting' },
    });
    await tx.network.update({ where: { id, organizationId }, data: { state: 'deleting' } });
    await recordAudit(tx, context, 'network.delete', id, { name });
    const { kind, title, steps } = change;
    const clusterIds = new Map(clusters.map((cluster) => [cluster.name, cluster.id]));
    const made = await createOperation(tx, context, { networkId: id, kind, title, steps, clusterIds });
    const changes = clusters.map((cluster) => ({ cluster: cluster.id }));
    await publishRevision(tx, organizationId, id, changes, `${name} is being deleted`);
    return made;
  });
  await wakeFor(context, operation);
  return operation;
}
