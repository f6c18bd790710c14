import { expect, test } from 'vitest';
import type { Run } from '../host/command.ts';
import { ceilings, parseRoutes } from './ceiling.ts';

const LINKS = '[{"ifname":"lo","mtu":65536},{"ifname":"eth0","mtu":1500},{"ifname":"ens5","mtu":9001}]';
const route = (dev: string, mtu?: number) =>
  JSON.stringify([{ dst: '192.0.2.1', dev, ...(mtu ? { metrics: [{ mtu }] } : {}) }]);

test('a link’s own size, and less where the kernel was told so', () => {
  expect(parseRoutes([LINKS, route('eth0'), route('eth0', 1400), route('ens5')].join('\n'))).toEqual([
    1500, 1400, 9001,
  ]);
});

test('room for WireGuard is taken off; an address without a route spoils nothing for the others', async () => {
  const run: Run = async (_, __, input = '') => {
    if (input.includes('203.0.113.9')) return { ok: false, message: 'Network is unreachable' };
    const asked = input.trim().split('\n').slice(1);
    return { ok: true, output: [LINKS, ...asked.map(() => route('eth0'))].join('\n') };
  };
  expect(await ceilings(run, ['192.0.2.1', '203.0.113.9', '192.0.2.2'])).toEqual(
    new Map([
      ['192.0.2.1', 1440],
      ['192.0.2.2', 1440],
    ]),
  );
  expect(await ceilings(run, [])).toEqual(new Map());
});
