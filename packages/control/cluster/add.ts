import type { NewCluster } from '@skein/contract/rest/network.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { addedCluster } from '../network/plan/after/add-cluster.ts';
import { lookAtExisting } from '../network/plan/existing.ts';
import { holdTo } from '../network/plan/hold.ts';
import { knownTo, lockRanges } from '../network/plan/known.ts';
import { loadBook } from '../network/plan/load.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { writeCluster } from './write.ts';

/** Adds a cluster to a network: its ranges and expected peers at once, its cloud by the operation. */
export async function addCluster(
  context: Context,
  input: { networkId: string; planHash?: string | undefined } & NewCluster,
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { networkId, planHash, ...wanted } = input;
  const existing = await lookAtExisting(context, [wanted], () => '');
  const operation = await context.database.$transaction(async (tx) => {
    await lockRanges(tx, organizationId);
    await lockNetwork(tx, organizationId, networkId);
    const network = await tx.network.findFirst({
      where: { id: networkId, organizationId, deletedAt: null, state: { not: 'deleting' } },
      select: { id: true },
    });
    if (!network) throw new Refusal('not-found', 'There is no such network.');
    await refuseWhileOpen(tx, organizationId, networkId);
    const book = await loadBook(tx, organizationId, networkId);
    const change = addedCluster(book.shape, wanted, await knownTo(tx, organizationId, existing));
    holdTo(planHash, book, change);

    const id = await writeCluster(tx, context, networkId, change.drafted);
    const { kind, title, steps } = change;
    const there = book.shape.clusters.map((one) => [one.name, one.id] as const);
    const clusterIds = new Map([...there, [wanted.name, id]]);
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    await recordAudit(tx, context, 'cluster.add', id, {
      networkId,
      name: wanted.name,
      operationId: operation.id,
    });
    await publishRevision(tx, organizationId, networkId, [{ cluster: id }], `${wanted.name} was added`);
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
