import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { lockNetwork } from '../network/lock.ts';
import { upgradedKubernetes } from '../network/plan/after/upgrade.ts';
import { holdTo } from '../network/plan/hold.ts';
import { loadBook } from '../network/plan/load.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { kubernetesColumns, kubernetesOf } from './of.ts';

/** Puts another release of Kubernetes on a cluster's nodes, one after the other. New nodes get it from now on. */
export async function upgradeKubernetes(
  context: Context,
  input: { id: string; version: string; planHash?: string | undefined },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { id: clusterId, version, planHash } = input;
  const operation = await context.database.$transaction(async (tx) => {
    const found = await tx.cluster.findFirst({ where: { id: clusterId, organizationId, deletedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such cluster.');
    const { networkId } = found;
    await lockNetwork(tx, organizationId, networkId);
    await refuseWhileOpen(tx, organizationId, networkId);
    const book = await loadBook(tx, organizationId, networkId);
    const change = upgradedKubernetes(book, clusterId, version);
    holdTo(planHash, book, change);

    const kubernetes = kubernetesOf(found);
    await tx.cluster.update({
      where: { id: clusterId, organizationId },
      data: kubernetesColumns(kubernetes && { ...kubernetes, version }),
    });
    const { kind, title, steps } = change;
    const clusterIds = new Map([[found.name, clusterId]]);
    const operation = await createOperation(tx, context, { networkId, kind, title, steps, clusterIds });
    const details = { from: kubernetes?.version ?? null, version, operationId: operation.id };
    await recordAudit(tx, context, 'cluster.upgrade-kubernetes', clusterId, details);
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
