/** Operations and their steps as the REST API tells them. Inputs and results of steps stay inside. */
import type { WakeJob } from '@skein/contract/job/wake.ts';
import type {
  LogLine,
  Operation as OperationSchema,
  OperationSummary,
  StepError,
} from '@skein/contract/rest/operation.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Prisma, StepLog } from '@skein/database/generated/client.ts';
import type { z } from 'zod';
import { Refusal } from '../failure.ts';

export type Operation = OperationSchema;
export type WakeTarget = WakeJob;
type Row = Prisma.OperationGetPayload<{ include: { steps: true } }>;
type HeadRow = Omit<Row, 'steps'>;

export function operationView(row: Row): Operation {
  const steps = [...row.steps].sort((a, b) => a.position - b.position);
  return {
    ...headView(row),
    steps: steps.map((step) => ({
      id: step.id,
      key: step.key,
      title: step.title,
      clusterId: step.clusterId,
      dependsOn: step.dependsOn,
      state: step.state,
      attempt: step.attempt,
      maxAttempts: step.maxAttempts,
      waitingFor: step.waitingFor,
      error: step.state === 'succeeded' ? null : ((step.error as StepError | null) ?? null),
      startedAt: step.startedAt?.toISOString() ?? null,
      finishedAt: step.finishedAt?.toISOString() ?? null,
    })),
  };
}

export function summaryView(
  row: HeadRow & { steps: readonly { state: string }[] },
): z.infer<typeof OperationSummary> {
  const count = (state: string) => row.steps.filter((step) => step.state === state).length;
  return {
    ...headView(row),
    steps: { total: row.steps.length, succeeded: count('succeeded'), failed: count('failed') },
  };
}

export function lineView(row: StepLog): LogLine {
  const { stepId, attempt, level, message } = row;
  return { id: row.id.toString(), stepId, attempt, level, message, at: row.at.toISOString() };
}

/** Throws `Refusal` where the organization has no such operation. */
export async function loadOperation(
  database: Database | Transaction,
  organizationId: string,
  id: string,
): Promise<Operation> {
  const row = await database.operation.findFirst({ where: { id, organizationId }, include: { steps: true } });
  if (!row) throw new Refusal('not-found', 'There is no such operation.');
  return operationView(row);
}

function headView(row: HeadRow) {
  return {
    id: row.id,
    networkId: row.networkId,
    kind: row.kind as Operation['kind'],
    title: row.title,
    state: row.state,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
