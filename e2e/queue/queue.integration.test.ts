import type { WakeJob } from '@skein/contract/job/wake.ts';
import { type FreshDatabase, freshDatabase } from '@skein/database/testing/fresh.ts';
import { openQueue, type WakeQueue } from '@skein/queue/queue.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startRedis, type TestRedis } from './redis.ts';

const job = (number: number): WakeJob => ({ organizationId: 'org_test', operationId: `op_${number}` });

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

describe.each(['postgres', 'redis'] as const)('the queue on %s', (backend) => {
  const open = (): WakeQueue =>
    openQueue({ databaseUrl: fresh.url, redisUrl: backend === 'redis' ? redis?.url : undefined });

  it('hands each job to one of several workers', async ({ skip }) => {
    if (backend === 'redis' && !redis) skip('no redis-server on this machine');
    const queues = [open(), open()];
    const seen: string[] = [];
    const all = Promise.withResolvers<void>();
    for (const queue of queues)
      queue.worker(async (one) => {
        seen.push(one.operationId);
        if (seen.length === 20) all.resolve();
      });
    for (let number = 0; number < 20; number++) await queues[0]?.wake(job(number));
    await all.promise;
    expect([...seen].sort()).toEqual(Array.from({ length: 20 }, (_, number) => `op_${number}`).sort());
    await Promise.all(queues.map((queue) => queue.close()));
  });

  it('gives a job again whose handler failed, and keeps what nobody took for the next worker', async ({
    skip,
  }) => {
    if (backend === 'redis' && !redis) skip('no redis-server on this machine');
    const first = open();
    await first.wake(job(100));
    await first.close();

    const second = open();
    let runs = 0;
    const done = Promise.withResolvers<string>();
    second.worker(async (one) => {
      runs += 1;
      if (runs === 1) throw new Error('not now');
      done.resolve(one.operationId);
    });
    expect(await done.promise).toBe('op_100');
    expect(runs).toBe(2);
    await second.close();
  });
});

it('is really Redis where Redis is named', async ({ skip }) => {
  if (!redis) return skip('no redis-server on this machine');
  const queue = openQueue({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', redisUrl: redis.url });
  await queue.wake(job(1));
  expect(await redis.ask('EXISTS bull:wake:meta')).toBe(':1\r\n');
  await queue.close();
});
