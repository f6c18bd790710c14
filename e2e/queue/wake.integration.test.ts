import { createOperation } from '@skein/control/operation/create.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { planned } from '@skein/control/operation/steps/planned.ts';
import { eventually, TEST_KEY, testContext } from '@skein/control/testing/context.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startRedis, type TestRedis } from './redis.ts';

let fresh: FreshDatabase;
let redis: TestRedis | undefined;
beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  redis = await startRedis(process.env.CI === 'true');
});
afterAll(async () => {
  await redis?.stop();
  await fresh.drop();
});

describe.each(['postgres', 'redis'] as const)('a worker with its queue on %s', (backend) => {
  it('is woken by the outbox, without its sweeper', async ({ skip }) => {
    if (backend === 'redis' && !redis) return skip('no redis-server on this machine');
    const context = testContext(fresh.database, await makeOrganization(fresh.database));
    const { organizationId } = context.actor;
    const logged: string[] = [];
    const worker = await startWorker(
      {
        databaseUrl: fresh.url,
        redisUrl: backend === 'redis' ? redis?.url : undefined,
        masterKey: TEST_KEY,
        platform: context.platform,
        coordinatorUrl: context.coordinatorUrl,
        driftSeconds: 300,
      },
      {
        handlers: { network: async ({ step }) => ({ did: step.key }) },
        // One look at the start, then none for an hour: only a wake-up can make it work.
        timing: { ...TIMING, sweepSeconds: 3600 },
        log: (_, message, details) => logged.push(`${message} ${JSON.stringify(details)}`),
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const networkId = `net_${organizationId.slice(4)}`;
    await fresh.database.network.create({
      data: {
        id: networkId,
        organizationId,
        name: 'shop',
        zone: 'shop.skein.test',
        cidr: '100.64.0.0/16',
        mapPublicKey: '',
        mapPrivateKeySealed: new Uint8Array(1),
      },
    });
    const step = (key: string, dependsOn: string[]) =>
      planned('network', { key, title: key, cluster: null, dependsOn });
    const operation = await fresh.database.$transaction((tx) =>
      createOperation(tx, context, {
        networkId,
        kind: 'provision',
        title: 'A test',
        steps: [step('a', []), step('b', ['a'])],
        clusterIds: new Map(),
      }),
    );
    const done = await eventually(async () => {
      const now = await getOperation(context, { id: operation.id });
      return now.finishedAt ? now : undefined;
    }, 'the operation’s end');
    expect(done.state).toBe('succeeded');
    const sent = await fresh.database.outboxMessage.findMany({ where: { organizationId } });
    expect(sent.map((message) => message.sentAt !== null)).toEqual([true]);
    expect(logged).toEqual([]);
    await worker.close();
  });
});
