import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Context } from '../../context.ts';
import { eventually, testBase, testContext } from '../../testing/context.ts';
import { cancelOperation } from '../cancel.ts';
import { createOperation } from '../create.ts';
import { followOperation } from '../follow.ts';
import { getOperation } from '../get.ts';
import { listLog } from '../log.ts';
import { retryStep } from '../retry-step.ts';
import { type PlannedStep, planned } from '../steps/planned.ts';
import type { Operation } from '../view.ts';
import { type Engine, runStep } from './run.ts';
import { type Runner, startRunner } from './runner.ts';
import { StepFailure, type StepHandler, type StepHandlers, type Timing } from './step-run.ts';
import { takeStep } from './take.ts';

const QUICK: Timing = {
  leaseSeconds: 2,
  heartbeatSeconds: 0.1,
  sweepSeconds: 0.1,
  backoffSeconds: 0.05,
  longestBackoffSeconds: 0.2,
  graceSeconds: 0.3,
};
const failure = (retryable: boolean) =>
  new StepFailure({ code: 'test', message: 'the cloud said no', remedy: 'say please', retryable });

let fresh: FreshDatabase;
let context: Context;
const runners: Runner[] = [];

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.close()));
});
afterAll(() => fresh.drop());

function engine(handlers: StepHandlers, timing: Partial<Timing> = {}): Engine {
  return { base: testBase(fresh.database), handlers, timing: { ...QUICK, ...timing }, onInternal: () => {} };
}
function run(handlers: StepHandlers, timing: Partial<Timing> = {}) {
  const runner = startRunner(engine(handlers, timing), 8);
  runners.push(runner);
  return runner;
}

/** An operation of steps named by their keys; `after` maps a key to those it depends on. */
async function start(keys: string[], after: Record<string, string[]> = {}, more: Partial<PlannedStep> = {}) {
  const networkId = await network();
  return fresh.database.$transaction((tx) =>
    createOperation(tx, context, {
      networkId,
      kind: 'change-network',
      title: 'A test',
      steps: keys.map((key) => ({
        ...planned('network', { key, title: key, cluster: null, dependsOn: after[key] ?? [] }),
        ...more,
      })),
      clusterIds: new Map(),
    }),
  );
}

let networks = 0;
async function network() {
  networks += 1;
  const { organizationId } = context.actor;
  const row = await fresh.database.network.create({
    data: {
      id: `net_${String(networks).padStart(20, '0')}`,
      organizationId,
      name: `net-${networks}`,
      zone: `n${networks}.skein.test`,
      cidr: `100.${64 + networks}.0.0/16`,
      mapPublicKey: '',
      mapPrivateKeySealed: new Uint8Array(1),
    },
  });
  return row.id;
}

const ended = (operation: Operation) =>
  eventually(async () => {
    const now = await getOperation(context, { id: operation.id });
    return now.finishedAt ? now : undefined;
  }, 'the operation’s end');
const stateOf = (operation: Operation, key: string) =>
  operation.steps.find((step) => step.key === key)?.state;

describe('the engine', () => {
  it('runs steps in the order of their dependencies, side by side where it can, with no queue at all', async () => {
    const seen: string[] = [];
    let together = 0;
    let most = 0;
    const work: StepHandler = async ({ step, log }) => {
      together += 1;
      most = Math.max(most, together);
      await new Promise((resolve) => setTimeout(resolve, 100));
      together -= 1;
      seen.push(step.key);
      log(`did ${step.key}`);
      return { did: step.key };
    };
    const operation = await start(['a', 'b', 'c', 'd'], { c: ['a', 'b'], d: ['c'] });
    run({ network: work });
    const done = await ended(operation);
    expect(done.state).toBe('succeeded');
    expect(seen.slice(2)).toEqual(['c', 'd']);
    expect(most).toBe(2);
    expect(done.steps.every((step) => step.attempt === 1 && step.startedAt && step.finishedAt)).toBe(true);
    const lines = await listLog(context, { operationId: operation.id, limit: 50 });
    expect(lines.items.map((line) => line.message).slice(2)).toEqual(['did c', 'did d']);
  });

  it('goes on after a worker died in a step, and lets the dead one write nothing', async () => {
    const operation = await start(['only']);
    const first = await takeStep(fresh.database, 2);
    expect(first?.fence).toBe(1);
    // Dead means: no heartbeat. The lease runs out.
    await fresh.database.step.update({ where: { id: first?.id ?? '' }, data: { leaseUntil: new Date(0) } });
    let runs = 0;
    run({
      network: async () => {
        runs += 1;
        return { by: 'the second worker' };
      },
    });
    const done = await ended(operation);
    expect(done.steps[0]).toMatchObject({ state: 'succeeded', attempt: 2 });
    expect(runs).toBe(1);

    // The first worker comes back from the dead and wants to write.
    if (!first) throw new Error('nothing taken');
    let refused: unknown;
    const late: StepHandler = async (step) => {
      step.log('from the grave');
      refused = await step
        .write((tx) => tx.step.update({ where: { id: first.id }, data: { title: 'stolen' } }))
        .catch((error: unknown) => error);
      return { by: 'the first worker' };
    };
    await runStep(engine({ network: late }), first, new AbortController().signal);
    expect(refused).toMatchObject({ code: 'lease-lost' });
    const row = await fresh.database.step.findUniqueOrThrow({ where: { id: first.id } });
    expect(row).toMatchObject({ title: 'only', fence: 2, result: { by: 'the second worker' } });
    const lines = await listLog(context, { operationId: operation.id, limit: 50 });
    expect(lines.items).toEqual([]);
  });

  it('tells a worker that lost its step to stop', async () => {
    const operation = await start(['only']);
    let stopped: unknown;
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    run({
      network: async ({ signal, step }) => {
        if (step.fence > 1) return {};
        entered();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        stopped = signal.reason;
        return { by: 'who lost it' };
      },
    });
    await inside;
    await fresh.database.step.updateMany({
      where: { operationId: operation.id },
      data: { fence: 7, leaseUntil: new Date(0) },
    });
    const done = await ended(operation);
    expect(done.state).toBe('succeeded');
    await eventually(async () => stopped, 'the signal');
    const row = await fresh.database.step.findFirstOrThrow({ where: { operationId: operation.id } });
    expect(row).toMatchObject({ fence: 8, result: {} });
  });

  it('tries a retryable failure again and keeps its words', async () => {
    const operation = await start(['only']);
    run({
      network: async ({ step }) => {
        if (step.attempt < 3) throw failure(true);
        return {};
      },
    });
    const done = await ended(operation);
    expect(done.steps[0]).toMatchObject({ state: 'succeeded', attempt: 3, error: null });
    const lines = await listLog(context, { operationId: operation.id, limit: 50 });
    expect(lines.items.map((line) => [line.attempt, line.level, line.message])).toEqual([
      [1, 'error', 'the cloud said no'],
      [2, 'error', 'the cloud said no'],
    ]);
  });

  it('ends as failed when nothing can run any more, and goes on from a retried step', async () => {
    const operation = await start(['a', 'b', 'c'], { b: ['a'], c: [] });
    let broken = true;
    run({
      network: async ({ step }) => {
        if (step.key === 'a' && broken) throw failure(false);
        return {};
      },
    });
    const failed = await ended(operation);
    expect(failed.state).toBe('failed');
    expect(['a', 'b', 'c'].map((key) => stateOf(failed, key))).toEqual(['failed', 'waiting', 'succeeded']);
    const [first] = failed.steps;
    expect(first?.error).toEqual({
      code: 'test',
      message: 'the cloud said no',
      remedy: 'say please',
      retryable: false,
    });

    broken = false;
    await expect(
      retryStep(context, { operationId: operation.id, stepId: failed.steps[1]?.id ?? '' }),
    ).rejects.toMatchObject({ code: 'conflict' });
    const reopened = await retryStep(context, { operationId: operation.id, stepId: first?.id ?? '' });
    expect(reopened).toMatchObject({ state: 'running', finishedAt: null });
    const done = await ended(operation);
    expect(done.state).toBe('succeeded');
    expect(done.steps.map((step) => step.attempt)).toEqual([2, 1, 1]);
  });

  it('runs what is to run even after a failure', async () => {
    const operation = await start(['a', 'b'], { b: ['a'] }, { evenAfterFailure: true });
    run({
      network: async ({ step }) => {
        if (step.key === 'a') throw failure(false);
        return {};
      },
    });
    const done = await ended(operation);
    expect(done.state).toBe('failed');
    expect(stateOf(done, 'b')).toBe('succeeded');
  });

  it('says what it waited for when time is up', async () => {
    const operation = await start(['only'], {}, { timeoutSeconds: 1, maxAttempts: 1 });
    run({
      network: async ({ waitingFor, signal }) => {
        waitingFor('a sign from above');
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw signal.reason;
      },
    });
    const waiting = await eventually(
      async () => (await getOperation(context, { id: operation.id })).steps[0]?.waitingFor ?? undefined,
      'what the step waits for',
    );
    expect(waiting).toBe('a sign from above');
    const done = await ended(operation);
    expect(done.steps[0]?.error).toMatchObject({
      code: 'timeout',
      message: 'Not done within 1 s. It was waiting for a sign from above.',
    });
  });

  it('fails a step whose worker died in its last attempt', async () => {
    const operation = await start(['only'], {}, { maxAttempts: 1 });
    const taken = await takeStep(fresh.database, 2);
    await fresh.database.step.update({ where: { id: taken?.id ?? '' }, data: { leaseUntil: new Date(0) } });
    run({});
    const done = await ended(operation);
    expect(done.steps[0]).toMatchObject({ state: 'failed', error: { code: 'worker-lost' } });
  });

  it('cancels: waiting steps never run, a running one is stopped even when it does not listen', async () => {
    const operation = await start(['a', 'b'], { b: ['a'] });
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    run({
      network: async () => {
        entered();
        await new Promise(() => {});
        return {};
      },
    });
    await inside;
    const cancelling = await cancelOperation(context, { id: operation.id });
    expect(cancelling.state).toBe('cancelling');
    const done = await ended(operation);
    expect(done.state).toBe('cancelled');
    expect(done.steps.map((step) => step.state)).toEqual(['cancelled', 'cancelled']);
    await expect(cancelOperation(context, { id: operation.id })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('ends a cancelled step whose worker died before it heard of it', async () => {
    const operation = await start(['only']);
    const taken = await takeStep(fresh.database, 2);
    await cancelOperation(context, { id: operation.id });
    expect((await getOperation(context, { id: operation.id })).state).toBe('cancelling');
    await fresh.database.step.update({ where: { id: taken?.id ?? '' }, data: { leaseUntil: new Date(0) } });
    run({});
    const done = await ended(operation);
    expect(done).toMatchObject({ state: 'cancelled', steps: [{ state: 'cancelled', error: null }] });
  });

  it('puts a running step back when the worker is told to end, without counting the attempt', async () => {
    const operation = await start(['only']);
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const first = run({
      network: async ({ signal }) => {
        entered();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw signal.reason;
      },
    });
    await inside;
    await first.close();
    const back = await getOperation(context, { id: operation.id });
    expect(back.steps[0]).toMatchObject({ state: 'waiting', attempt: 0 });
    run({ network: async () => ({}) });
    expect((await ended(operation)).steps[0]).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  it('takes each step once, however many workers look', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `s${index}`);
    const operation = await start(keys);
    const seen: string[] = [];
    const handlers: StepHandlers = {
      network: async ({ step }) => {
        seen.push(step.key);
        return {};
      },
    };
    for (let worker = 0; worker < 4; worker++) run(handlers);
    const done = await ended(operation);
    expect(done.state).toBe('succeeded');
    expect([...seen].sort()).toEqual([...keys].sort());
  });

  it('runs one operation of a network after the other', async () => {
    const first = await start(['a']);
    const second = await fresh.database.$transaction((tx) =>
      createOperation(
        tx,
        { ...context, now: () => new Date(Date.now() + 10) },
        {
          networkId: first.networkId ?? '',
          kind: 'records',
          title: 'The second',
          steps: [planned('network', { key: 'z', title: 'z', cluster: null, dependsOn: [] })],
          clusterIds: new Map(),
        },
      ),
    );
    const seen: string[] = [];
    run({
      network: async ({ step }) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        seen.push(step.key);
        return {};
      },
    });
    await ended(second);
    expect(seen).toEqual(['a', 'z']);
  });

  it('is followed live: every line once, the end last', async () => {
    const operation = await start(['a', 'b'], { b: ['a'] });
    const events: string[] = [];
    const followed = (async () => {
      for await (const event of followOperation(context, {
        id: operation.id,
        signal: AbortSignal.timeout(10_000),
      }))
        events.push(event.type === 'log' ? event.line.message : `${event.type} ${event.operation.state}`);
    })();
    await eventually(async () => events[0], 'the first event');
    run({
      network: async ({ step, log }) => {
        log(`one of ${step.key}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
        log(`two of ${step.key}`);
        return {};
      },
    });
    await followed;
    expect(events[0]).toBe('operation queued');
    expect(events.at(-1)).toBe('operation succeeded');
    expect(events.filter((event) => !event.startsWith('operation'))).toEqual([
      'one of a',
      'two of a',
      'one of b',
      'two of b',
    ]);
  });
});
