import { newId } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { settleOperation } from './engine/settle.ts';
import type { PlannedStep } from './steps/planned.ts';
import type { Operation, WakeTarget } from './view.ts';
import { loadOperation } from './view.ts';

/**
 * Writes an operation with its steps and the outbox row that will wake workers, in the caller's transaction.
 * An operation without steps is done at once. Call `wakeFor` after the commit.
 * @param clusterIds ids of the clusters that steps name
 */
export async function createOperation(
  tx: Transaction,
  context: Context,
  wanted: {
    /** Null for what concerns no network that we know. */
    networkId: string | null;
    kind: Operation['kind'];
    title: string;
    steps: readonly PlannedStep[];
    clusterIds: ReadonlyMap<string, string>;
  },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { networkId, kind, title } = wanted;
  const now = context.now();
  const operationId = newId('operation', context.random);
  const actor = `${context.actor.kind} ${context.actor.id}`;
  await tx.operation.create({
    data: { id: operationId, organizationId, networkId, kind, title, actor, createdAt: now },
  });
  await tx.step.createMany({
    data: wanted.steps.map((step, position) => {
      const { cluster, ...row } = step;
      const clusterId = cluster === null ? null : (wanted.clusterIds.get(cluster) ?? null);
      if (cluster !== null && clusterId === null) throw new Error(`no id for the cluster ${cluster}`);
      return {
        ...row,
        id: newId('step', context.random),
        organizationId,
        operationId,
        clusterId,
        position,
        input: { ...step.input },
      };
    }),
  });
  const payload: WakeTarget = { organizationId, operationId };
  await tx.outboxMessage.create({
    data: { organizationId, kind: 'wake', payload: { ...payload }, createdAt: now },
  });
  if (wanted.steps.length === 0) await settleOperation(tx, operationId, now);
  else await notify(tx, CHANNEL.operation, JSON.stringify({ operationId }));
  return loadOperation(tx, organizationId, operationId);
}

/** Wakes workers for a committed operation. The outbox does it too; this is only quicker. */
export async function wakeFor(context: Context, operation: { id: string }): Promise<void> {
  const { organizationId } = context.actor;
  await context.wake({ organizationId, operationId: operation.id }).catch(() => {});
}
