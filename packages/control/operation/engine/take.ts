import type { StepError } from '@skein/contract/rest/operation.ts';
import type { Database } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import { settleOperation } from './settle.ts';
import type { TakenStep } from './step-run.ts';

/**
 * Takes the next step that is due, or answers undefined. One statement: raises the fence, counts the attempt, sets
 * the lease and starts the operation. A step is due when it waits and its time has come, or when its lease ran out
 * (its worker died); those it depends on must have succeeded, or at least ended where it says so. Operations of one
 * network run one after the other. The database's clock decides, so that workers' clocks need not agree.
 */
export async function takeStep(database: Database, leaseSeconds: number): Promise<TakenStep | undefined> {
  const [step] = await database.$queryRaw<TakenStep[]>`
    WITH due AS (
      SELECT s.id FROM step s JOIN operation o ON o.id = s."operationId"
      WHERE ((s.state = 'waiting' AND s."runAfter" <= now()) OR (s.state = 'running' AND s."leaseUntil" < now()))
        AND s.attempt < s."maxAttempts"
        AND o.state IN ('queued', 'running')
        AND NOT EXISTS (
          SELECT 1 FROM step d WHERE d."operationId" = s."operationId" AND d.key = ANY (s."dependsOn")
            AND (d.state IN ('waiting', 'running') OR (d.state <> 'succeeded' AND NOT s."evenAfterFailure")))
        AND NOT EXISTS (
          SELECT 1 FROM operation e WHERE e."networkId" = o."networkId"
            AND e.state IN ('queued', 'running', 'cancelling')
            AND (e."createdAt", e.id) < (o."createdAt", o.id))
      ORDER BY s."runAfter", s.position LIMIT 1
      FOR UPDATE OF s SKIP LOCKED
    ), taken AS (
      UPDATE step SET state = 'running', fence = fence + 1, attempt = attempt + 1, "waitingFor" = NULL,
        "leaseUntil" = now() + make_interval(secs => ${leaseSeconds}::float8),
        "startedAt" = coalesce("startedAt", now()), "finishedAt" = NULL
      FROM due WHERE step.id = due.id RETURNING step.*
    ), started AS (
      UPDATE operation SET state = 'running', "startedAt" = coalesce("startedAt", now())
      WHERE id = (SELECT "operationId" FROM taken) AND state = 'queued'
    )
    SELECT t.id, t."organizationId", t."operationId", coalesce(o."networkId", '') AS "networkId", t."clusterId", t.key,
      t.kind, t.title, t.input, t.attempt, t."maxAttempts", t."timeoutSeconds", t.fence
    FROM taken t JOIN operation o ON o.id = t."operationId"`;
  if (step) await notify(database, CHANNEL.operation, JSON.stringify({ operationId: step.operationId }));
  return step;
}

/** Fails steps whose worker died in their last attempt: nobody else would ever end them. */
export async function failAbandoned(database: Database, now: Date): Promise<void> {
  const error = {
    code: 'worker-lost',
    message: 'The worker that ran this step ended without a word, and no attempt is left.',
    remedy: 'Look at the worker’s own log, then retry the step.',
    retryable: true,
  };
  const lost = await database.$queryRaw<Abandoned[]>`
    SELECT id, "operationId", fence FROM step
    WHERE state = 'running' AND "leaseUntil" < now() AND attempt >= "maxAttempts" LIMIT 100`;
  for (const step of lost) await endAbandoned(database, step, { state: 'failed', error }, now);
}

/** Ends steps of cancelled operations whose worker died before it heard of it. */
export async function cancelAbandoned(database: Database, now: Date): Promise<void> {
  const lost = await database.$queryRaw<Abandoned[]>`
    SELECT s.id, s."operationId", s.fence FROM step s JOIN operation o ON o.id = s."operationId"
    WHERE s.state = 'running' AND s."leaseUntil" < now() AND o.state = 'cancelling' LIMIT 100`;
  for (const step of lost) await endAbandoned(database, step, { state: 'cancelled', error: null }, now);
}

interface Abandoned {
  id: string;
  operationId: string;
  fence: number;
}

/** Only where the lease is still out by the database's clock: its worker may have come back meanwhile. */
async function endAbandoned(
  database: Database,
  step: Abandoned,
  end: { state: 'failed' | 'cancelled'; error: StepError | null },
  now: Date,
): Promise<void> {
  await database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM operation WHERE id = ${step.operationId} FOR UPDATE`;
    const ended = await tx.$executeRaw`
      UPDATE step SET state = ${end.state}::step_state, error = ${end.error && JSON.stringify(end.error)}::jsonb,
        "leaseUntil" = NULL, "waitingFor" = NULL, "finishedAt" = ${now}
      WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running' AND "leaseUntil" < now()`;
    if (ended > 0) await settleOperation(tx, step.operationId, now);
  });
}
