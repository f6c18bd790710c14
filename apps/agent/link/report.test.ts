import { expect, test } from 'vitest';
import { gatewayMap, keyOf } from '../fixture/map.ts';
import { openProber } from './probe.ts';
import { reportLinks } from './report.ts';

const NOW = Date.UTC(2026, 10, 20, 20, 0, 0);
const tunnel = (number: number, lastHandshakeAt: number | null, sentBytes: number) => ({
  key: keyOf(number),
  endpoint: '203.0.113.7:51820',
  allowedIps: [],
  keepaliveSeconds: 25,
  lastHandshakeAt,
  receivedBytes: 3,
  sentBytes,
});
const states = (a: ReturnType<typeof tunnel>, probed = false) =>
  reportLinks(
    gatewayMap.peers,
    [a],
    new Map(probed ? [['100.64.1.12', { rttMilliseconds: 1.5, answeredAt: 0 }]] : []),
    NOW,
  ).map((link) => link.state);

test('a link is up by handshake or probe, down when tried in vain, else idle', () => {
  expect(states(tunnel(2, NOW - 179_000, 9))).toEqual(['up', 'idle']);
  expect(states(tunnel(2, NOW - 181_000, 9))).toEqual(['down', 'idle']);
  expect(states(tunnel(2, null, 148))).toEqual(['down', 'idle']);
  expect(states(tunnel(2, null, 148), true)).toEqual(['up', 'idle']);
});

test('probes find each other and forget who went silent', async () => {
  const port = 20_000 + (process.pid % 20_000);
  const one = await openProber('127.0.0.1', port, () => performance.now());
  const other = await openProber('127.0.0.2', port, () => performance.now());
  const answered = async () => {
    for (let waited = 0; waited < 2000 && one.results().size === 0; waited += 10)
      await new Promise((done) => setTimeout(done, 10));
  };
  one.probe(['127.0.0.2', '127.0.0.3']);
  await answered();
  expect([...one.results().keys()]).toEqual(['127.0.0.2']);
  expect(one.results().get('127.0.0.2')?.rttMilliseconds).toBeGreaterThan(0);
  other.close();
  for (let round = 0; round < 4; round += 1) one.probe(['127.0.0.2']);
  expect(one.results().size).toBe(0);
  one.close();
});
