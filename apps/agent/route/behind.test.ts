import { expect, test } from 'vitest';
import { devicesTowards } from './behind.ts';

const TABLE = JSON.stringify([
  { dst: 'default', gateway: '10.1.0.1', dev: 'eth0' },
  { dst: '10.1.0.0/24', dev: 'eth0', protocol: 'kernel' },
  { dst: '10.42.0.0/24', dev: 'cni0' },
  { dst: '10.42.1.7', dev: 'veth7' },
  { dst: '10.43.0.0/16', nexthops: [{ dev: 'eth1' }, { dev: 'eth2' }] },
  { dst: '242.0.0.0/8', dev: 'skein0' },
  { dst: '10.44.0.0/16', dev: 'skein1' },
]);

test.each([
  ['the narrowest route around a range', ['10.1.0.0/28'], ['eth0']],
  ['routes to its parts, and the one around the rest', ['10.42.0.0/16'], ['cni0', 'eth0', 'veth7']],
  ['a range of its own', ['10.42.0.0/24'], ['cni0']],
  ['several next hops, several ranges', ['10.43.9.0/24', '10.42.1.7/32'], ['eth1', 'eth2', 'veth7']],
  ['never our own interfaces', ['10.44.1.0/24'], []],
  ['none', [], []],
])('%s', (_, cidrs, devices) => {
  expect(devicesTowards(TABLE, cidrs)).toEqual(devices);
});

test('an empty table', () => {
  expect(devicesTowards('', ['10.0.0.0/8'])).toEqual([]);
});
