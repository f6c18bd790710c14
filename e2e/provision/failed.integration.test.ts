import { listClusters } from '@skein/control/cluster/list.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { cancelOperation } from '@skein/control/operation/cancel.ts';
import { StepFailure, type StepHandler, TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { retryStep } from '@skein/control/operation/retry-step.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let networkId = '';
/** Steps that are made to fail, by key. */
const broken = new Set<string>();

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  const breakable =
    (handler: StepHandler): StepHandler =>
    async (run) => {
      if (broken.has(run.step.key))
        throw new StepFailure({ code: 'test', message: 'broken on purpose', remedy: null, retryable: false });
      return handler(run);
    };
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 300,
    },
    {
      handlers: Object.fromEntries(
        Object.entries(HANDLERS).map(([kind, handler]) => [kind, breakable(handler)]),
      ),
      timing: { ...TIMING, sweepSeconds: 0.5, heartbeatSeconds: 0.2 },
      log: () => {},
    },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

const ended = (id: string) =>
  eventually(
    async () => {
      const now = await getOperation(practice.context, { id });
      return now.finishedAt ? now : undefined;
    },
    'the end of an operation',
    110,
  );
const clusterStates = async () =>
  Object.fromEntries(
    (await listClusters(practice.context, { networkId })).map((cluster) => [cluster.name, cluster.state]),
  );

describe('a provision that fails', { timeout: 120_000 }, () => {
  it('says which cluster is not ready, and goes on from the failed step', async () => {
    broken.add('dev/join');
    const { network, operation } = await createNetwork(practice.context, practice.wanted);
    networkId = network.id;
    const failed = await ended(operation.id);
    expect(failed.state).toBe('failed');
    expect(failed.steps.filter((step) => step.state === 'failed').map((step) => step.key)).toEqual([
      'dev/join',
    ]);
    expect(failed.steps.filter((step) => step.state === 'waiting').map((step) => step.key)).toEqual([
      'records',
      'verify',
    ]);
    expect(await clusterStates()).toEqual({ prod: 'ready', recovery: 'ready', dev: 'failed' });
    expect((await getNetwork(practice.context, { id: networkId })).state).toBe('failed');

    broken.clear();
    const step = failed.steps.find((one) => one.key === 'dev/join');
    await retryStep(practice.context, { operationId: operation.id, stepId: step?.id ?? '' });
    expect((await getNetwork(practice.context, { id: networkId })).state).toBe('provisioning');
    await practice.succeeded(operation);
    expect(await clusterStates()).toEqual({ prod: 'ready', recovery: 'ready', dev: 'ready' });
    expect((await getNetwork(practice.context, { id: networkId })).state).toBe('ready');
  });

  it('is torn down as far as it goes when a part refuses, and wholly once it does not', async () => {
    broken.add('prod/delete-firewall');
    const teardown = await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' });
    const failed = await ended(teardown.id);
    expect(failed.state).toBe('failed');
    const words = failed.steps
      .filter((step) => step.state === 'failed')
      .map((step) => [step.key, step.error?.code]);
    expect(words).toEqual([
      ['prod/delete-firewall', 'test'],
      ['prod/delete-network', 'in-use'],
    ]);
    expect((await getNetwork(practice.context, { id: networkId })).state).toBe('failed');
    // Everything else was tried all the same; only what depends on the groups is left.
    const left = async () =>
      (await listResources(practice.context, { id: networkId })).filter((one) => one.status !== 'gone');
    expect((await left()).map((one) => one.key).sort()).toEqual([
      'firewall/gateway',
      'firewall/member',
      'network',
    ]);
    expect(await clusterStates()).toEqual({ prod: 'failed' });
    expect(practice.paper.ground().machines).toEqual([]);

    // Asked again, it starts over with what is left.
    broken.clear();
    await practice.succeeded(await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' }));
    expect(await left()).toEqual([]);
    expect((await getNetwork(practice.context, { id: networkId })).state).toBe('deleted');
  });

  it('that was cancelled half-way is deleted without a trace', async () => {
    const { network, operation } = await createNetwork(practice.context, practice.wanted);
    networkId = network.id;
    await eventually(
      async () => (practice.paper.ground().machines.length > 0 ? true : undefined),
      'the first machine',
      30,
    );
    await cancelOperation(practice.context, { id: operation.id });
    const cancelled = await ended(operation.id);
    expect(cancelled.state).toBe('cancelled');
    expect(cancelled.steps.some((step) => step.state === 'cancelled')).toBe(true);
    await practice.succeeded(await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' }));
    expect(practice.paper.ground().machines).toEqual([]);
  });

  it('is deleted while it is still under way', async () => {
    const { network } = await createNetwork(practice.context, practice.wanted);
    networkId = network.id;
    await eventually(
      async () => (practice.paper.ground().realms.length > 0 ? true : undefined),
      'the first VPC',
      30,
    );
    const teardown = await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' });
    await practice.succeeded(teardown);
    expect(practice.paper.ground().machines).toEqual([]);
    const rows = await listResources(practice.context, { id: networkId });
    expect(rows.filter((one) => one.status !== 'gone')).toEqual([]);
  });
});
