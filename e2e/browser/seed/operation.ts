/** Operations as a worker leaves them. */
import type { Context } from '@skein/control/context.ts';
import { at } from './at.ts';

type Of = Pick<Context, 'database'> & { actor: Pick<Context['actor'], 'organizationId'> };

/** The operation as it looks when all went well. */
export async function finish({ database, actor: { organizationId } }: Of, operationId: string) {
  const steps = await database.step.findMany({
    where: { operationId, organizationId },
    orderBy: { position: 'asc' },
  });
  for (const [index, step] of steps.entries()) {
    await database.step.update({
      where: { id: step.id },
      data: {
        state: 'succeeded',
        attempt: 1,
        startedAt: at(600 - index * 2),
        finishedAt: at(598.2 - index * 2 - (index % 4)),
      },
    });
    await say(database, step, 'info', `Done: ${step.title}`);
  }
  await database.operation.update({
    where: { id: operationId },
    data: { state: 'succeeded', startedAt: at(600), finishedAt: at(520) },
  });
}

/** Steps in every state that a person may meet. */
export async function middle({ database, actor: { organizationId } }: Of, operationId: string) {
  const steps = await database.step.findMany({
    where: { operationId, organizationId },
    orderBy: { position: 'asc' },
  });
  for (const [index, step] of steps.entries()) {
    if (index < 2) {
      await database.step.update({
        where: { id: step.id },
        data: { state: 'succeeded', attempt: 1, startedAt: at(60 - index), finishedAt: at(58 - index) },
      });
      await say(database, step, 'info', 'The cloud has it.');
    } else if (index === 2) {
      await database.step.update({
        where: { id: step.id },
        data: {
          state: 'running',
          attempt: 2,
          startedAt: at(31),
          waitingFor: 'the cloud to finish, 12 s of at most 120 s',
          leaseUntil: at(-600),
        },
      });
      await say(database, step, 'info', 'Asked the cloud.');
      await say(database, step, 'warning', 'The cloud asked us to slow down; trying again in 4 s.');
      await say(database, step, 'info', 'Asked the cloud again.');
    } else if (index === 3) {
      await database.step.update({
        where: { id: step.id },
        data: {
          state: 'failed',
          attempt: 5,
          startedAt: at(50),
          finishedAt: at(20),
          error: {
            code: 'quota',
            message: 'Google Cloud has no room for another address in europe-west1: the quota is 8.',
            remedy: 'Give an address back or ask for a larger quota, then retry this step.',
            retryable: false,
          },
        },
      });
      await say(database, step, 'error', 'QUOTA_EXCEEDED: limit 8.0 for IN_USE_ADDRESSES');
    }
  }
  await database.operation.update({
    where: { id: operationId },
    data: { state: 'running', startedAt: at(62) },
  });
}

async function say(
  database: Context['database'],
  step: { id: string; organizationId: string; operationId: string; attempt: number },
  level: 'info' | 'warning' | 'error',
  message: string,
) {
  const { organizationId, operationId } = step;
  await database.stepLog.create({
    data: {
      organizationId,
      operationId,
      stepId: step.id,
      attempt: Math.max(1, step.attempt),
      level,
      message,
    },
  });
}
