/**
 * The worker: runs steps of operations, relays the outbox to the queue, lets clouds follow what becomes of a network
 * without an operation. It keeps nothing: what is due is in Postgres, and the queue only makes it quicker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadClouds } from '@skein/control/cloud/load.ts';
import type { Context } from '@skein/control/context.ts';
import { type Looks, sweepDrift } from '@skein/control/drift/sweep.ts';
import { followNames } from '@skein/control/network/follow-names.ts';
import type { Engine } from '@skein/control/operation/engine/run.ts';
import { startRunner } from '@skein/control/operation/engine/runner.ts';
import type { StepHandlers, Timing } from '@skein/control/operation/engine/step-run.ts';
import { pruneOutbox, relayOutbox } from '@skein/control/outbox/relay.ts';
import { endDeparted } from '@skein/control/peer/end-departed.ts';
import { allotRelays, type Looked } from '@skein/control/relay/allot.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { openDatabase } from '@skein/database/client.ts';
import { subscribe } from '@skein/database/feed.ts';
import { CHANNEL } from '@skein/database/notify.ts';
import { openQueue } from '@skein/queue/queue.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';

/**
 * Steps mostly wait for clouds and nodes: many more than there are cores. A network of thirty clusters begins with sixty
 * that wait for nothing, and all rules wait for the last of them.
 */
const STEPS_AT_ONCE = 96;
/** Log lines are told on the same channel as new operations, and come in bursts. */
const OUTBOX_DEBOUNCE_MILLISECONDS = 20;
/** A node that comes with others leads to one writing of records. */
const FOLLOW_DEBOUNCE_MILLISECONDS = 1_500;
/** An operation that mended something ends with several notifications. */
const DRIFT_DEBOUNCE_MILLISECONDS = 1_000;
/** What no notification told is found after so long. */
const LOOK_EVERY_MILLISECONDS = 5_000;

/** Starts everything; `close` puts running steps back and ends all connections. */
export async function startWorker(
  config: Config,
  parts: { handlers: StepHandlers; timing: Timing; log: Log },
): Promise<{ close(): Promise<void> }> {
  const { log } = parts;
  const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
  const database = openDatabase(config.databaseUrl);
  const queue = openQueue({
    databaseUrl: config.databaseUrl,
    redisUrl: config.redisUrl,
    onProblem: (error) => log('warning', 'the queue has a problem', { error: error.message }),
  });
  const base: Engine['base'] = {
    database,
    now: () => new Date(),
    random,
    sealer: createSealer(config.masterKey, random),
    platform: config.platform,
    coordinatorUrl: config.coordinatorUrl,
    wake: (job) => queue.wake(job),
  };
  const engine: Engine = {
    base,
    handlers: parts.handlers,
    timing: parts.timing,
    onInternal: (error, step) =>
      log('error', 'a step failed inside Skein', {
        step: step.id,
        kind: step.kind,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  };
  const runner = startRunner(engine, STEPS_AT_ONCE);
  queue.worker(async () => runner.nudge());

  const outbox = looping(
    OUTBOX_DEBOUNCE_MILLISECONDS,
    () => relayOutbox(database, (job) => queue.wake(job), new Date()),
    log,
  );
  const looked: Looked = new Map();
  const follow = looping(
    FOLLOW_DEBOUNCE_MILLISECONDS,
    async () => {
      await endDeparted(base);
      await followNames(base);
      await allotRelays(base, looked);
    },
    log,
  );
  const ending = new AbortController();
  const looks: Looks = { networks: new Map(), accounts: new Map() };
  const drift = looping(
    DRIFT_DEBOUNCE_MILLISECONDS,
    () =>
      sweepDrift(base, {
        everySeconds: config.driftSeconds,
        looks,
        signal: ending.signal,
        onProblem: (id, error) =>
          log('error', 'looking for drift failed inside Skein', {
            id,
            error: error instanceof Error ? (error.stack ?? error.message) : String(error),
          }),
      }),
    log,
  );
  const sweep = setInterval(() => void pruneOutbox(database, new Date()).catch(() => {}), 3600_000);
  const hear = (channel: (typeof CHANNEL)['operation' | 'revision'], tell: () => void) =>
    subscribe(database, channel, { onMessage: tell, onGap: tell });
  const ears = await Promise.all([
    hear(CHANNEL.operation, outbox.soon),
    hear(CHANNEL.operation, drift.soon),
    hear(CHANNEL.revision, follow.soon),
  ]);
  // Last, for it holds the process up; a step that comes earlier loads what it needs by itself.
  loadClouds(database).catch((error: unknown) =>
    log('warning', 'the clouds’ SDKs are not loaded yet', {
      error: error instanceof Error ? error.message : String(error),
    }),
  );

  return {
    async close() {
      clearInterval(sweep);
      ending.abort();
      await Promise.all(ears.map((ear) => ear.close()));
      await Promise.all([outbox.close(), follow.close(), drift.close(), runner.close()]);
      await queue.close();
      await database.$disconnect();
    },
  };
}

/**
 * Does the work again and again: `pause` after somebody said `soon`, and every few seconds anyway. Never twice at
 * once. A failure is logged and made good the next time.
 */
function looping(pauseMilliseconds: number, work: () => Promise<unknown>, log: Log) {
  const closing = new AbortController();
  let wake = () => {};
  let asked = false;
  const run = async () => {
    while (!closing.signal.aborted) {
      if (asked) await sleep(pauseMilliseconds, undefined, { signal: closing.signal }).catch(() => {});
      asked = false;
      await work().catch((error: unknown) =>
        log('warning', 'looking for work failed', {
          error: error instanceof Error ? error.message : String(error),
        }),
      );
      if (asked || closing.signal.aborted) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_EVERY_MILLISECONDS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    soon: () => {
      asked = true;
      wake();
    },
    close: async () => {
      closing.abort();
      wake();
      await running;
    },
  };
}
