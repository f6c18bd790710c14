import type { Transaction } from '@skein/database/client.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { settleOperation } from './engine/settle.ts';
import { loadOperation, type Operation } from './view.ts';

/** Stops an operation: waiting steps never run, running ones are told to end. What was made stays made. */
export async function cancelOperation(context: Context, input: { id: string }): Promise<Operation> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ state: string }[]>`
      SELECT state::text FROM operation WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR UPDATE`;
    if (!row) throw new Refusal('not-found', 'There is no such operation.');
    if (row.state === 'cancelling') return loadOperation(tx, organizationId, input.id);
    if (row.state !== 'queued' && row.state !== 'running')
      throw new Refusal('conflict', `The operation has ended already: it ${row.state}.`);
    await cancelSteps(tx, input.id, context.now());
    await recordAudit(tx, context, 'operation.cancel', input.id);
    return loadOperation(tx, organizationId, input.id);
  });
}

/** The caller holds the operation's row lock. */
export async function cancelSteps(tx: Transaction, operationId: string, now: Date): Promise<void> {
  await tx.operation.update({ where: { id: operationId }, data: { state: 'cancelling' } });
  await tx.step.updateMany({
    where: { operationId, state: 'waiting' },
    data: { state: 'cancelled', finishedAt: now },
  });
  await settleOperation(tx, operationId, now);
}
