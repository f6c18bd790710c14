import { expect, test } from 'vitest';
import { type InterfaceState, parseInterface, planInterface, planSix, rangeConflict } from './plan.ts';

const fresh: InterfaceState = { up: false, mtu: 1420, addresses: [], six: [] };
const settled: InterfaceState = { up: true, mtu: 1280, addresses: ['100.64.1.11/32'], six: ['fd00::1/128'] };
const wanted = { address: '100.64.1.11', mtu: 1280 };

test('a new interface', () => {
  expect(planInterface(wanted, fresh, 'skein0')).toEqual([
    'link set dev skein0 mtu 1280',
    'address add 100.64.1.11/32 dev skein0',
    'link set dev skein0 up',
  ]);
});

test('a plane above 0 bears the same address', () => {
  expect(planInterface(wanted, { ...settled, addresses: [] }, 'skein1')).toEqual([
    'address add 100.64.1.11/32 dev skein1',
  ]);
});

test('a settled interface stays untouched', () => {
  expect(planInterface(wanted, settled, 'skein0')).toEqual([]);
});

test('an older address goes', () => {
  expect(planInterface({ ...wanted, address: '100.64.1.40' }, settled, 'skein0')).toEqual([
    'address del 100.64.1.11/32 dev skein0',
    'address add 100.64.1.40/32 dev skein0',
  ]);
});

test('the IPv6 address comes and goes by itself', () => {
  expect(planSix('fd00::1', settled, 'skein0')).toEqual([]);
  expect(planSix('fd00::1', fresh, 'skein0')).toEqual(['address add fd00::1/128 dev skein0 nodad']);
  expect(planSix('fd00::2', settled, 'skein0')).toEqual([
    'address del fd00::1/128 dev skein0',
    'address add fd00::2/128 dev skein0 nodad',
  ]);
  expect(planSix(null, settled, 'skein0')).toEqual(['address del fd00::1/128 dev skein0']);
});

test('reads what ip says', () => {
  const addresses = JSON.stringify([
    {
      ifname: 'skein0',
      mtu: 1280,
      flags: ['POINTOPOINT', 'UP', 'LOWER_UP'],
      addr_info: [
        { family: 'inet', local: '100.64.1.11', prefixlen: 32 },
        { family: 'inet6', local: 'fd00::1', prefixlen: 128, scope: 'global' },
        { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
      ],
    },
  ]);
  expect(parseInterface(addresses)).toEqual(settled);
  expect(parseInterface('')).toEqual({ ...fresh, mtu: 0 });
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
