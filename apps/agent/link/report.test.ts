import { expect, test } from 'vitest';
import { gatewayMap, keyOf } from '../fixture/map.ts';
import { reportLinks } from './report.ts';

const NOW = 500_000;
const tunnel = (number: number, shookAt: number | null, sentBytes: number) => ({
  key: keyOf(number),
  endpoint: '203.0.113.7:51820',
  allowedIps: [],
  keepaliveSeconds: 25,
  lastHandshakeAt: null,
  shookAt,
  receivedBytes: 3,
  sentBytes,
  presharedKey: null,
});
const states = (a: ReturnType<typeof tunnel>, probed = false, live = true) =>
  reportLinks(
    gatewayMap.peers,
    [a],
    new Map(probed ? [['100.64.1.12', { rttMilliseconds: 1.5, answeredAt: 0 }]] : []),
    new Map([['peer_a2', { live, draining: false, unreachable: [] }]]),
    NOW,
  ).map((link) => link.state);

test('a link is up by handshake or probe, down when tried in vain, else idle', () => {
  expect(states(tunnel(2, NOW - 179_000, 9))).toEqual(['up', 'idle']);
  expect(states(tunnel(2, NOW - 181_000, 9))).toEqual(['down', 'idle']);
  expect(states(tunnel(2, null, 148))).toEqual(['down', 'idle']);
  expect(states(tunnel(2, null, 148), true)).toEqual(['up', 'idle']);
});

test('a carrier found dead is down, whatever handshake there was', () => {
  expect(states(tunnel(2, NOW - 5000, 9), true, false)).toEqual(['down', 'idle']);
});
