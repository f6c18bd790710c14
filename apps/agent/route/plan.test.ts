import { expect, test } from 'vitest';
import { gatewayMap } from '../fixture/map.ts';
import { type InterfaceState, parseInterface, planInterface, rangeConflict } from './plan.ts';

const fresh: InterfaceState = { up: false, mtu: 1420, addresses: [], routes: [] };
const settled: InterfaceState = {
  up: true,
  mtu: 1280,
  addresses: ['100.64.1.11/32'],
  routes: [{ destination: '100.64.0.0/16', source: '100.64.1.11' }],
};

test('a new interface', () => {
  expect(planInterface(gatewayMap.self, fresh, 'skein0')).toEqual([
    'link set dev skein0 mtu 1280',
    'address add 100.64.1.11/32 dev skein0',
    'link set dev skein0 up',
    'route add 100.64.0.0/16 dev skein0 src 100.64.1.11',
  ]);
});

test('a settled interface stays untouched', () => {
  expect(planInterface(gatewayMap.self, settled, 'skein0')).toEqual([]);
});

test('an older address and its routes go', () => {
  const self = { ...gatewayMap.self, overlayAddress: '100.64.1.40' };
  expect(planInterface(self, settled, 'skein0')).toEqual([
    'route del 100.64.0.0/16 dev skein0',
    'address del 100.64.1.11/32 dev skein0',
    'address add 100.64.1.40/32 dev skein0',
    'route add 100.64.0.0/16 dev skein0 src 100.64.1.40',
  ]);
});

test('reads what ip says', () => {
  const addresses = JSON.stringify([
    {
      ifname: 'skein0',
      mtu: 1280,
      flags: ['POINTOPOINT', 'UP', 'LOWER_UP'],
      addr_info: [
        { family: 'inet', local: '100.64.1.11', prefixlen: 32 },
        { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
      ],
    },
  ]);
  const routes = JSON.stringify([
    { dst: '100.64.0.0/16', prefsrc: '100.64.1.11', scope: 'link' },
    { dst: '100.64.1.0/24', protocol: 'kernel' },
  ]);
  expect(parseInterface(addresses, routes)).toEqual(settled);
  expect(parseInterface('', '')).toEqual({ ...fresh, mtu: 0 });
});

test('a range that holds an address of the underlay is not routed away', () => {
  const underlay = [
    { interface: 'lo', address: '127.0.0.1' },
    { interface: 'eth0', address: '100.64.9.2' },
  ];
  expect(rangeConflict('100.64.0.0/16', underlay)).toBe(
    "the network's range 100.64.0.0/16 holds 100.64.9.2, which this node has on eth0",
  );
  expect(rangeConflict('100.65.0.0/16', underlay)).toBeNull();
});
