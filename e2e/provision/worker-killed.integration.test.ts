import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { openCloud, openDns } from '@skein/control/cloud/open.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

const MAIN = fileURLToPath(new URL('../../apps/worker/main.ts', import.meta.url));
let practice: Practice;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await practice?.close();
});

/** A worker as in production: its own process. Resolves when it says that it is ready. */
async function startProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: practice.fresh.url,
      SKEIN_MASTER_KEY_FILE: practice.masterKeyFile,
      SKEIN_COORDINATOR_URL: COORDINATOR_URL,
    },
  });
  children.add(child);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the worker ended at once')));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"ready"')) resolve();
    });
  });
  return child;
}

async function kill(child: ChildProcess) {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  children.delete(child);
}

it('ends with the same network and nothing made twice when its worker is killed in the middle', async () => {
  const { context, fresh, paper } = practice;
  const plan = await planNetwork(context, practice.wanted);
  const { network, operation } = await createNetwork(context, { ...practice.wanted, planHash: plan.hash });

  // Killed in the midst of making VPCs, of starting machines, and of joining.
  const running = (kind: string) =>
    eventually(
      async () => {
        const now = await getOperation(context, { id: operation.id });
        return now.steps.find((step) => step.state === 'running' && step.key.endsWith(kind)) ?? undefined;
      },
      `a running step of the kind ${kind}`,
      60,
    );
  practice.agents.paused = true;
  const interrupted: string[] = [];
  for (const kind of ['/network', '/instances', '/join']) {
    const worker = await startProcess();
    await running(kind);
    await kill(worker);
    const now = await getOperation(context, { id: operation.id });
    interrupted.push(...now.steps.filter((step) => step.state === 'running').map((step) => step.key));
    // Its leases would run out in half a minute; the test need not wait for that.
    await fresh.database.step.updateMany({
      where: { operationId: operation.id, state: 'running' },
      data: { leaseUntil: new Date(0) },
    });
  }
  // The fault bit: each kill left steps that nobody ran any more.
  expect(interrupted.length).toBeGreaterThanOrEqual(3);

  practice.agents.paused = false;
  const last = await startProcess();
  const end = await practice.succeeded(operation, 90);
  expect(end.steps.some((step) => step.attempt > 1)).toBe(true);
  expect(await getNetwork(context, { id: network.id })).toMatchObject({
    state: 'ready',
    cidr: plan.cidr,
    peers: { expected: 6, connected: 6 },
  });

  const resources = await listResources(context, { id: network.id });
  expect(resources.map((one) => `${one.key} ${one.status}`).sort()).toEqual(
    plan.resources.map((one) => `${one.key} present`).sort(),
  );
  // The clouds themselves hold each thing once, and never held another machine.
  expect(practice.agents.seen.size).toBe(6);
  expect(practice.agents.refused).toEqual([]);
  expect(paper.ground().machines).toHaveLength(6);
  const held: string[] = [];
  const call = () => ({
    signal: AbortSignal.timeout(30_000),
    waitingFor: () => {},
    attempt: 1,
    resume: resumeInMemory(),
  });
  const owner = { organizationId: context.actor.organizationId };
  for (const [id, region] of [
    [practice.accounts.aws, 'us-east-1'],
    [practice.accounts.aws, 'us-west-2'],
    [practice.accounts.gcp, 'us-central1'],
  ] as const) {
    const row = await fresh.database.cloudAccount.findUniqueOrThrow({ where: { id } });
    const cloud = openCloud(context, row, region);
    for (const kind of ['networks', 'firewalls', 'addresses', 'instances'] as const)
      for (const one of await cloud[kind].list(owner, call())) held.push(one.externalId);
    if (region !== 'us-west-2')
      for (const zone of await openDns(context, row).listZones(owner, call())) held.push(zone.externalId);
  }
  const recordless = plan.resources.filter((one) => one.kind !== 'record');
  expect(held).toHaveLength(recordless.length);
  expect(new Set(held).size).toBe(held.length);

  last.kill('SIGTERM');
  const [code] = await once(last, 'exit');
  children.delete(last);
  expect(code).toBe(0);
}, 180_000);
