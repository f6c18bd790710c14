import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { wakeFor } from './create.ts';
import { followReopening } from './engine/settle.ts';
import { OPEN_STATES } from './open.ts';
import { loadOperation, type Operation } from './view.ts';

const MORE_ATTEMPTS = 5;

/** Lets one failed step run again, and with it the operation go on from there. */
export async function retryStep(
  context: Context,
  input: { operationId: string; stepId: string },
): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM operation WHERE id = ${input.operationId} AND "organizationId" = ${organizationId} FOR UPDATE`;
    const row = await tx.operation.findFirst({ where: { id: input.operationId, organizationId } });
    if (!row) throw new Refusal('not-found', 'There is no such operation.');
    const step = await tx.step.findFirst({
      where: { id: input.stepId, operationId: row.id, organizationId },
      select: { id: true, key: true, state: true, attempt: true },
    });
    if (!step) throw new Refusal('not-found', 'The operation has no such step.');
    if (step.state !== 'failed')
      throw new Refusal(
        'conflict',
        `The step has not failed: it is ${step.state}. Only a failed step can be retried.`,
      );
    const reopens = !OPEN_STATES.some((state) => state === row.state);
    if (row.state === 'cancelled' || row.state === 'cancelling')
      throw new Refusal('conflict', 'The operation was cancelled. Start a new one.');
    if (reopens && row.networkId) {
      const later = await tx.operation.findFirst({
        where: {
          networkId: row.networkId,
          organizationId,
          createdAt: { gt: row.createdAt },
          kind: { not: 'records' },
        },
        orderBy: { createdAt: 'desc' },
      });
      if (later)
        throw new Refusal(
          'conflict',
          `A later operation has changed the network (“${later.title}”). Start a new one.`,
        );
    }
    await tx.step.update({
      where: { id: step.id },
      data: {
        state: 'waiting',
        runAfter: context.now(),
        // Attempts go on counting, so that a cloud that remembers a failed request by its token is asked anew.
        maxAttempts: step.attempt + MORE_ATTEMPTS,
        finishedAt: null,
        waitingFor: null,
      },
    });
    if (reopens) {
      await tx.operation.update({ where: { id: row.id }, data: { state: 'running', finishedAt: null } });
      await followReopening(tx, row);
    }
    await tx.outboxMessage.create({
      data: {
        organizationId,
        kind: 'wake',
        payload: { organizationId, operationId: row.id },
        createdAt: context.now(),
      },
    });
    await recordAudit(tx, context, 'operation.retry-step', row.id, { step: step.key });
    return loadOperation(tx, organizationId, row.id);
  });
  await wakeFor(context, operation);
  return operation;
}
