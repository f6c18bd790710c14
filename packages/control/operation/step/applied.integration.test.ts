import { randomBytes } from 'node:crypto';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { simplePolicy } from '@skein/mesh/policy/simple.ts';
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import type { Context } from '../../context.ts';
import { changeNetwork } from '../../network/change.ts';
import { getNetwork } from '../../network/get.ts';
import { createSealer } from '../../secret/sealer.ts';
import { testContext } from '../../testing/context.ts';
import { makeMesh, type SeededMesh } from '../../testing/mesh-rows.ts';
import type { StepRun } from '../engine/step-run.ts';
import { awaitApplied } from './applied.ts';

let fresh: FreshDatabase;
let context: Context;
let mesh: SeededMesh;

/** gw-1 has applied revision 5, node-1 only 4, node-2 has said nothing; all are connected. */
beforeEach(async () => {
  fresh ??= await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
  const sealer = createSealer(randomBytes(32), (bytes) => crypto.getRandomValues(bytes));
  mesh = await makeMesh(fresh.database, sealer, context.actor.organizationId, {
    clusters: 1,
    peersPerCluster: 3,
  });
  for (const [name, appliedNumber] of [
    ['gw-1', 5],
    ['node-1', 4],
    ['node-2', null],
  ] as const)
    await say(name, { appliedNumber, connectedAt: new Date() });
});
afterAll(() => fresh?.drop());

async function say(
  name: string,
  data: { appliedNumber?: number | null; connectedAt?: Date; disconnectedAt?: Date },
) {
  const { networkId } = mesh;
  await fresh.database.peer.updateMany({ where: { networkId, name }, data });
  await notify(fresh.database, CHANNEL.presence, JSON.stringify({ networkId }));
}

/** The handler with `limitSeconds` to wait, and what it said it waits for. */
function waiting(limitSeconds: number) {
  const said: string[] = [];
  const step = {
    id: 'step_test',
    organizationId: mesh.organizationId,
    operationId: 'op_test',
    networkId: mesh.networkId,
    clusterId: null,
    key: 'applied',
    kind: 'applied',
    title: '',
    input: { revision: 5 },
    attempt: 1,
    maxAttempts: 5,
    timeoutSeconds: limitSeconds + 20,
    fence: 1,
  };
  const run: StepRun = {
    step,
    context,
    signal: AbortSignal.timeout(20_000),
    log: () => {},
    waitingFor: (what) => said.push(what),
    write: (work) => fresh.database.$transaction(work),
  };
  return { end: awaitApplied(run), said };
}

it('waits for connected agents alone, and says for whom', async () => {
  const { end, said } = waiting(15);
  await expect.poll(() => said).toContain('node-1, node-2 to apply revision 5');
  await say('node-1', { appliedNumber: 6 });
  await expect.poll(() => said).toContain('node-2 to apply revision 5');
  await say('node-2', { disconnectedAt: new Date() });
  expect(await end).toEqual({ agents: 2 });
});

it('ends after its time and names whom it waited for', async () => {
  await expect(waiting(1).end).rejects.toMatchObject({
    detail: {
      code: 'not-applied',
      message: 'After 1 s these agents do not run revision 5: node-1, node-2.',
    },
  });
});

it('is not there where the ports are the same as before: no revision, done at once', async () => {
  const { networkId: id } = mesh;
  const allowedPorts = [{ protocol: 'tcp' as const, port: 443 }];
  await fresh.database.network.update({ where: { id }, data: { policy: simplePolicy(allowedPorts) } });
  const { revision } = await getNetwork(context, { id });
  expect(await changeNetwork(context, { id, allowedPorts })).toMatchObject({ state: 'succeeded', steps: [] });
  expect((await getNetwork(context, { id })).revision).toBe(revision);
});
