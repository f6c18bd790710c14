import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { expect, test } from 'vitest';
import { parseTable, planTable, routeOf } from './table.ts';

const ME = '100.64.1.12';
const table = JSON.stringify([
  { dst: 'default', gateway: '10.1.0.1', dev: 'eth0' },
  { dst: '10.1.0.0/24', dev: 'eth0', protocol: 'kernel' },
  {
    dst: '100.64.0.0/16',
    prefsrc: ME,
    metrics: [{ mtu: 1280 }],
    nexthops: [
      { dev: 'skein1', weight: 1, flags: [] },
      { dev: 'skein0', weight: 1, flags: [] },
    ],
  },
  { dst: '100.64.1.0/24', dev: 'skein0', prefsrc: ME, metrics: [{ mtu: 1440 }] },
  { dst: '100.64.1.2', dev: 'skein1', prefsrc: ME, metrics: [{ mtu: 1280 }] },
  { dst: '100.64.7.0/24', dev: 'skein0', protocol: 'kernel' },
]);
const ways = [
  { destination: '100.64.0.0/16', planes: [0, 1], mtu: 1280 },
  { destination: '100.64.1.0/24', planes: [0], mtu: 1440 },
  { destination: '100.64.1.2/32', planes: [1], mtu: 1280 },
];

test('our routes are read, and nobody else’s; a settled table stays untouched', () => {
  expect(parseTable(table)).toEqual(ways.map((way) => ({ ...way, source: ME })));
  expect(planTable(ways, ME, parseTable(table))).toEqual([]);
  expect(parseTable('')).toEqual([]);
});

test('an empty table', () => {
  expect(planTable(ways, ME, [])).toEqual([
    `route add 100.64.0.0/16 src ${ME} mtu 1280 nexthop dev skein0 nexthop dev skein1`,
    `route add 100.64.1.0/24 dev skein0 src ${ME} mtu 1440`,
    `route add 100.64.1.2/32 dev skein1 src ${ME} mtu 1280`,
  ]);
});

test('a lost plane replaces routes at one instant; what is wanted no longer goes last', () => {
  expect(
    planTable([{ destination: '100.64.0.0/16', planes: [0], mtu: 1280 }], ME, parseTable(table)),
  ).toEqual([
    `route replace 100.64.0.0/16 dev skein0 src ${ME} mtu 1280`,
    'route del 100.64.1.0/24 dev skein0',
    'route del 100.64.1.2/32 dev skein1',
  ]);
});

test('another address of ours is another source; an interface that went is another route', () => {
  const wanted = [{ destination: '100.64.0.0/16', planes: [0, 1], mtu: 1280 }];
  const replaced =
    'route replace 100.64.0.0/16 src 100.64.1.40 mtu 1280 nexthop dev skein0 nexthop dev skein1';
  expect(planTable(wanted, '100.64.1.40', parseTable(table))[0]).toBe(replaced);
  const dead = table.replace('"skein1","weight":1,"flags":[]', '"skein1","weight":1,"flags":["dead"]');
  expect(planTable(ways, ME, parseTable(dead))).toEqual([
    `route replace 100.64.0.0/16 src ${ME} mtu 1280 nexthop dev skein0 nexthop dev skein1`,
  ]);
});

test('a path that carries less now has its route replaced', () => {
  const wanted = ways.map((way) => (way.mtu === 1440 ? { ...way, mtu: 1296 } : way));
  expect(planTable(wanted, ME, parseTable(table))).toEqual([
    `route replace 100.64.1.0/24 dev skein0 src ${ME} mtu 1296`,
  ]);
});

const twins = twinsOf('net_test');
const six = ways.map((way) => ({ ...way, destination: twins.ofCidr(way.destination) }));
const SIX = twins.of(ME);

test('IPv6 goes the same ways', () => {
  const [whole = '', own = '', one = ''] = six.map((way) => way.destination);
  expect(planTable(six, SIX, [])).toEqual([
    `route add ${whole} src ${SIX} mtu 1280 nexthop via fe80::1 dev skein0 onlink nexthop via fe80::1 dev skein1 onlink`,
    `route add ${own} via fe80::1 dev skein0 onlink src ${SIX} mtu 1440`,
    `route add ${one} via fe80::1 dev skein1 onlink src ${SIX} mtu 1280`,
  ]);
  const there = JSON.stringify([
    { dst: 'default', gateway: 'fe80::9', dev: 'eth0' },
    { dst: SIX, dev: 'skein0', protocol: 'kernel' },
    { dst: 'fe80::/64', dev: 'skein0', protocol: 'kernel' },
    { type: 'unreachable', dst: 'default', dev: 'lo' },
    { type: 'unreachable', dst: '2001:db8::/32', dev: 'lo' },
    { type: 'unreachable', dst: twins.ofCidr('100.64.9.0/24'), dev: 'lo', metrics: [] },
    {
      dst: whole,
      prefsrc: SIX,
      metrics: [{ mtu: 1280 }],
      nexthops: [
        { gateway: 'fe80::1', dev: 'skein0', flags: ['onlink'] },
        { gateway: 'fe80::1', dev: 'skein1', flags: ['onlink'] },
      ],
    },
    { dst: own, gateway: 'fe80::1', dev: 'skein0', prefsrc: SIX, metrics: [{ mtu: 1440 }] },
    {
      dst: one.replace('/128', ''),
      gateway: 'fe80::1',
      dev: 'skein1',
      prefsrc: SIX,
      metrics: [{ mtu: 1280 }],
    },
  ]);
  expect(planTable(six, SIX, parseTable(there, twins))).toEqual([
    `route del ${twins.ofCidr('100.64.9.0/24')}`,
  ]);
});

test('a path too narrow for IPv6 says so, and is a way again when it is wide enough', () => {
  const narrow = six.map((way) => (way.mtu === 1440 ? { ...way, mtu: 1264 } : way));
  const own = twins.ofCidr('100.64.1.0/24');
  const held = six.map((way) => routeOf(way, SIX));
  expect(planTable(narrow, SIX, held)).toEqual([`route replace unreachable ${own}`]);
  const after = narrow.map((way) => routeOf(way, SIX));
  expect(planTable(narrow, SIX, after)).toEqual([]);
  expect(planTable(six, SIX, after)).toEqual([
    `route replace ${own} via fe80::1 dev skein0 onlink src ${SIX} mtu 1440`,
  ]);
  // IPv4 has no such bound.
  expect(routeOf({ destination: '100.64.1.0/24', planes: [0], mtu: 1264 }, ME).planes).toEqual([0]);
});
