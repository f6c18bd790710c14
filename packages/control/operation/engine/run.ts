import { setTimeout as sleep } from 'node:timers/promises';
import type { StepError } from '@skein/contract/rest/operation.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../../context.ts';
import { Refusal } from '../../failure.ts';
import { openLog } from './log.ts';
import { providerError } from './provider-error.ts';
import { settleOperation } from './settle.ts';
import {
  type Json,
  LeaseLost,
  StepFailure,
  type StepHandlers,
  type StepRun,
  type TakenStep,
  type Timing,
} from './step-run.ts';

/** What the engine needs; each step's own context is made from it. */
export interface Engine {
  base: Omit<Context, 'actor'>;
  handlers: StepHandlers;
  timing: Timing;
  /** Hears of failures that are ours and not the person's; the step itself only says that one happened. */
  onInternal: (error: unknown, step: TakenStep) => void;
}

/** Why a handler was stopped. */
type Stop = 'lost' | 'cancelled' | 'timeout' | 'shutdown';
type Outcome =
  | { kind: 'done'; result: Json | undefined }
  | { kind: 'failed'; error: unknown }
  | { kind: 'stopped' };

/**
 * Runs a taken step to its end and records what came of it, under the fence it was taken with. Never rejects.
 * When `shutdown` fires the step is put back, to go on at once wherever there is a worker.
 */
export async function runStep(engine: Engine, step: TakenStep, shutdown: AbortSignal): Promise<void> {
  const { database } = engine.base;
  const ending = new AbortController();
  let stop: Stop | undefined;
  const end = (why: Stop) => {
    stop ??= why;
    ending.abort(new Error(`the step was stopped: ${why}`));
  };
  const onShutdown = () => end('shutdown');
  shutdown.addEventListener('abort', onShutdown);
  if (shutdown.aborted) end('shutdown');
  const limit = setTimeout(() => end('timeout'), step.timeoutSeconds * 1000);
  let renewedAt = performance.now();
  const heart = setInterval(async () => {
    try {
      const state = await renew(engine, step);
      if (state === undefined) return end('lost');
      renewedAt = performance.now();
      if (state === 'cancelling') end('cancelled');
    } catch {
      // The database is out of reach: once the lease has run out somebody else may hold the step.
      if (performance.now() - renewedAt > engine.timing.leaseSeconds * 1000) end('lost');
    }
  }, engine.timing.heartbeatSeconds * 1000);

  const log = openLog(database, step);
  let waiting: string | null = null;
  const run: StepRun = {
    step,
    context: { ...engine.base, actor: { kind: 'system', id: step.id, organizationId: step.organizationId } },
    signal: ending.signal,
    log: log.write,
    waitingFor: (what) => {
      if (what === waiting) return;
      waiting = what;
      log.waitingFor(what);
    },
    write: (work) =>
      database.$transaction(async (tx) => {
        const held = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM step WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running' FOR SHARE`;
        if (held.length === 0) throw new LeaseLost(step.key);
        return work(tx);
      }),
  };
  try {
    const outcome = await attempt(engine, run);
    await log.flush();
    await record(engine, step, outcome, stop, waiting);
  } catch (error) {
    // Nothing recorded: the lease runs out and the step is taken again.
    engine.onInternal(error, step);
  } finally {
    clearTimeout(limit);
    clearInterval(heart);
    shutdown.removeEventListener('abort', onShutdown);
  }
}

/** The handler's own end, or `stopped` where it does not end soon after its signal fired. */
async function attempt(engine: Engine, run: StepRun): Promise<Outcome> {
  const handler = engine.handlers[run.step.kind];
  const work = async (): Promise<Outcome> => {
    try {
      if (!handler) throw new Error(`no handler for steps of the kind ${run.step.kind}`);
      return { kind: 'done', result: await handler(run) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  };
  const stopped = new Promise<Outcome>((resolve) => {
    const soon = () =>
      void sleep(engine.timing.graceSeconds * 1000, undefined, { ref: false }).then(() =>
        resolve({ kind: 'stopped' }),
      );
    run.signal.addEventListener('abort', soon, { once: true });
    if (run.signal.aborted) soon();
  });
  return Promise.race([work(), stopped]);
}

/** Renews the lease; answers the operation's state, or undefined where somebody else holds the step. */
async function renew(engine: Engine, step: TakenStep): Promise<string | undefined> {
  const [row] = await engine.base.database.$queryRaw<{ state: string }[]>`
    UPDATE step SET "leaseUntil" = now() + make_interval(secs => ${engine.timing.leaseSeconds}::float8)
    FROM operation o
    WHERE step.id = ${step.id} AND step.fence = ${step.fence} AND step.state = 'running' AND o.id = step."operationId"
    RETURNING o.state::text`;
  return row?.state;
}

async function record(
  engine: Engine,
  step: TakenStep,
  outcome: Outcome,
  stop: Stop | undefined,
  waiting: string | null,
) {
  if (stop === 'lost' || (outcome.kind === 'failed' && outcome.error instanceof LeaseLost)) return;
  const { database, now } = engine.base;
  const error = outcome.kind === 'done' ? null : errorOf(engine, step, outcome, stop, waiting);
  const log = openLog(database, step);
  if (error && stop !== 'cancelled' && stop !== 'shutdown') {
    log.write(error.message, 'error');
    await log.flush();
  }
  await database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM operation WHERE id = ${step.operationId} FOR UPDATE`;
    const held = { id: step.id, fence: step.fence, state: 'running' as const };
    const over = { leaseUntil: null, waitingFor: null };
    const at = now();
    if (outcome.kind === 'done') {
      const data = { ...over, state: 'succeeded' as const, result: outcome.result ?? {}, finishedAt: at };
      const { count } = await tx.step.updateMany({ where: held, data });
      if (count > 0) await settleOperation(tx, step.operationId, at);
    } else if (stop === 'cancelled') {
      const { count } = await tx.step.updateMany({
        where: held,
        data: { ...over, state: 'cancelled', finishedAt: at },
      });
      if (count > 0) await settleOperation(tx, step.operationId, at);
    } else if (stop === 'shutdown') {
      // Not the step's fault: the attempt does not count.
      await tx.step.updateMany({
        where: held,
        data: { ...over, state: 'waiting', attempt: { decrement: 1 }, runAfter: at },
      });
      await notify(tx, CHANNEL.operation, JSON.stringify({ operationId: step.operationId }));
    } else if (error?.retryable && step.attempt < step.maxAttempts) {
      const pause = backoffSeconds(engine, step.attempt);
      await tx.$executeRaw`
        UPDATE step SET state = 'waiting', "leaseUntil" = NULL, "waitingFor" = NULL, error = ${JSON.stringify(error)}::jsonb,
          "runAfter" = now() + make_interval(secs => ${pause}::float8)
        WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running'`;
      await notify(tx, CHANNEL.operation, JSON.stringify({ operationId: step.operationId }));
    } else {
      const { count } = await tx.step.updateMany({
        where: held,
        data: { ...over, state: 'failed', ...(error ? { error } : {}), finishedAt: at },
      });
      if (count > 0) await settleOperation(tx, step.operationId, at);
    }
  });
}

/** Doubles with each attempt; up to half of it is left to chance, so that many do not come back at once. */
function backoffSeconds(engine: Engine, attempt: number): number {
  const { backoffSeconds: first, longestBackoffSeconds } = engine.timing;
  const byte = new Uint8Array(1);
  engine.base.random(byte);
  return Math.min(first * 2 ** (attempt - 1), longestBackoffSeconds) * (0.5 + (byte[0] ?? 0) / 512);
}

function errorOf(
  engine: Engine,
  step: TakenStep,
  outcome: Exclude<Outcome, { kind: 'done' }>,
  stop: Stop | undefined,
  waiting: string | null,
): StepError {
  if (stop !== undefined) {
    const what = waiting ? ` It was waiting for ${waiting}.` : '';
    return {
      code: stop,
      message: `Not done within ${step.timeoutSeconds} s.${what}`,
      remedy: 'Look at the log lines above for what is slow, then retry the step.',
      retryable: true,
    };
  }
  const error = outcome.kind === 'failed' ? outcome.error : undefined;
  if (error instanceof StepFailure) return error.detail;
  const provided = providerError(error);
  if (provided) return provided;
  if (error instanceof Refusal)
    return { code: error.code, message: error.message, remedy: null, retryable: false };
  engine.onInternal(error, step);
  return {
    code: 'internal',
    message: 'Something went wrong inside Skein; the worker’s own log has the details.',
    remedy: 'Retry the step. If it fails again, look at the worker’s log.',
    retryable: true,
  };
}
