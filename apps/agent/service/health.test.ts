import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HealthCheck, HealthFrame } from '@skein/contract/agent/service.ts';
import { afterEach, expect, test } from 'vitest';
import { type Health, lookAt, newHealth } from './health.ts';

let health: Health | undefined;
afterEach(() => health?.close());

const check = (more: Partial<HealthCheck> = {}): HealthCheck => ({
  id: 'svc_1',
  kind: 'tcp',
  port: 1,
  path: '/',
  ...more,
});

test('looks at TCP and HTTP, and says why not', async () => {
  let status = 200;
  const server = createServer((request, response) => {
    if (request.url === '/ready') response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ready = check({ kind: 'http', port, path: '/ready' });
  expect(await lookAt(check({ port }), '127.0.0.1')).toBeNull();
  expect(await lookAt(ready, '127.0.0.1')).toBeNull();
  status = 503;
  expect(await lookAt(ready, '127.0.0.1')).toBe('answered 503');
  expect(await lookAt({ ...ready, path: '/silent' }, '127.0.0.1')).toBe('no answer within 800 ms');
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  for (const kind of ['tcp', 'http'] as const)
    expect(await lookAt(check({ kind, port }), '127.0.0.1')).toBe(`nothing listens on port ${port}`);
});

test('one failure is looked at again before it counts; a change is said within two seconds', async () => {
  const frames: HealthFrame['results'][] = [];
  const answers: (string | null)[] = [null, 'lost', null, 'down'];
  const at: number[] = [];
  health = newHealth({
    address: () => '100.64.0.1',
    send: (frame) => frames.push(frame.results) > 0,
    now: () => performance.now(),
    look: async () => {
      at.push(performance.now());
      return answers.length > 1 ? (answers.shift() ?? null) : (answers[0] ?? null);
    },
  });
  health.apply([check()]);
  await expect.poll(() => frames.length, { timeout: 6000 }).toBe(2);
  expect(frames).toEqual([
    [{ id: 'svc_1', ready: true, problem: null }],
    [{ id: 'svc_1', ready: false, problem: 'down' }],
  ]);
  // The lost one was looked at again soon.
  expect((at[2] ?? 0) - (at[1] ?? 0)).toBeLessThan(600);
  health.connected();
  expect(frames).toHaveLength(3);
  health.apply([]);
  health.connected();
  expect(frames).toHaveLength(3);
});
