import type { Database } from '@skein/database/client.ts';
import type { TakenStep } from './step-run.ts';

const LONGEST_LINE = 2000;

/**
 * Writes a step's log lines as they come, in their order, each told to listeners at once. A line of a worker that no
 * longer holds the step is dropped. `flush` waits for what was written.
 */
export function openLog(database: Database, step: TakenStep) {
  let last: Promise<unknown> = Promise.resolve();
  // A line that cannot be written must not fail the step.
  const after = (work: () => Promise<unknown>) => {
    last = last.then(work).catch(() => {});
  };
  const payload = JSON.stringify({ operationId: step.operationId });
  return {
    write(message: string, level: 'info' | 'warning' | 'error' = 'info') {
      const text = message.slice(0, LONGEST_LINE);
      // Lines of one operation get their ids one at a time: a reader that saw id 7 has seen all below it.
      after(
        () => database.$executeRaw`
          WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended(${step.operationId}, 7)) AS held),
          held AS MATERIALIZED (
            SELECT s.id FROM turn, step s WHERE s.id = ${step.id} AND s.fence = ${step.fence} AND turn.held IS NOT NULL),
          line AS (
            INSERT INTO step_log ("organizationId", "operationId", "stepId", attempt, level, message, at)
            SELECT ${step.organizationId}, ${step.operationId}, held.id, ${step.attempt}, ${level}::log_level, ${text},
              clock_timestamp()
            FROM held RETURNING id)
          SELECT pg_notify('skein_operation', ${payload}) FROM line`,
      );
    },
    waitingFor(what: string) {
      after(
        () => database.$executeRaw`
          WITH said AS (
            UPDATE step SET "waitingFor" = ${what.slice(0, LONGEST_LINE)}
            WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running' RETURNING id)
          SELECT pg_notify('skein_operation', ${payload}) FROM said`,
      );
    },
    flush: () => last,
  };
}
