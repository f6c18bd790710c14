import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { describe, expect, test } from 'vitest';
import { gatewayMap, memberMap } from '../fixture/map.ts';
import { type Asker, askerOf, type Decision, decide, namesFrom } from './decide.ts';

const twins = twinsOf(gatewayMap.networkId);
const gateway = namesFrom(gatewayMap, twins);
const member = namesFrom(memberMap, twins);
const answer = (...addresses: string[]): Decision => ({ kind: 'answer', code: 'NOERROR', addresses });
const noSuchName: Decision = { kind: 'answer', code: 'NXDOMAIN', addresses: [] };
const upstream: Decision = { kind: 'upstream' };
const refuse: Decision = { kind: 'refuse' };
const toB: Decision = { kind: 'delegate', servers: ['100.64.2.11'] };

describe('who asks', () => {
  test.each([
    ['127.0.0.1', 'node'],
    ['100.64.1.11', 'node'],
    ['100.64.1.12', 'cluster'],
    ['100.64.2.11', 'elsewhere'],
    ['10.1.0.12', 'elsewhere'],
  ])('%s is %s', (source, asker) => expect(askerOf(gateway, source)).toBe(asker));
});

describe('a gateway', () => {
  test.each<[string, string, Asker, Decision]>([
    ['a2.a.shop.skein.test', 'A', 'node', answer('10.1.0.12')],
    ['A2.a.Shop.skein.test.', 'A', 'cluster', answer('10.1.0.12')],
    ['a2.a.shop.skein.test', 'A', 'elsewhere', answer('100.64.1.12')],
    ['a2.a.shop.skein.test', 'AAAA', 'node', answer(twins.of('100.64.1.12'))],
    ['a2.a.shop.skein.test', 'AAAA', 'cluster', answer(twins.of('100.64.1.12'))],
    ['a2.a.shop.skein.test', 'AAAA', 'elsewhere', answer(twins.of('100.64.1.12'))],
    ['a2.a.shop.skein.test', 'ANY', 'cluster', answer('10.1.0.12', twins.of('100.64.1.12'))],
    ['a2.a.shop.skein.test', 'MX', 'cluster', answer()],
    ['a.shop.skein.test', 'AAAA', 'elsewhere', answer()],
    ['nobody.a.shop.skein.test', 'AAAA', 'elsewhere', noSuchName],
    ['b1.b.shop.skein.test', 'AAAA', 'cluster', toB],
    ['a.shop.skein.test', 'A', 'cluster', answer('10.1.0.11')],
    ['a.shop.skein.test', 'A', 'elsewhere', answer('203.0.113.1')],
    ['nobody.a.shop.skein.test', 'A', 'node', noSuchName],
    ['nobody.a.shop.skein.test', 'A', 'elsewhere', noSuchName],
    ['b1.b.shop.skein.test', 'A', 'node', toB],
    ['b1.b.shop.skein.test', 'A', 'cluster', toB],
    ['b.shop.skein.test', 'A', 'cluster', toB],
    ['b1.b.shop.skein.test', 'A', 'elsewhere', refuse],
    ['www.shop.skein.test', 'A', 'cluster', upstream],
    ['shop.skein.test', 'SOA', 'node', upstream],
    ['example.org', 'A', 'node', upstream],
    ['example.org', 'A', 'cluster', refuse],
    ['example.org', 'A', 'elsewhere', refuse],
    ['notshop.skein.test', 'A', 'cluster', refuse],
  ])('%s %s asked by %s', (name, type, asker, decision) =>
    expect(decide(gateway, { name, type }, asker)).toEqual(decision),
  );
});

test('a node without IPv6 answers none, and no such name is not what it says', () => {
  const four = namesFrom(gatewayMap, null);
  const asked = { name: 'a2.a.shop.skein.test', type: 'AAAA' };
  expect(decide(four, asked, 'node')).toEqual(answer());
  expect(decide(four, asked, 'elsewhere')).toEqual(answer());
  expect(decide(four, { ...asked, type: 'ANY' }, 'node')).toEqual(answer('10.1.0.12'));
});

test('who speaks no IPv6 has no such address, and nobody elsewhere where a gateway speaks none', () => {
  const narrow = (name: string) => ({
    ...gatewayMap,
    names: gatewayMap.names.map((one) => (one.name === name ? { ...one, ipv4Only: true as const } : one)),
  });
  const asked = { name: 'a2.a.shop.skein.test', type: 'AAAA' };
  const one = namesFrom(narrow(asked.name), twins);
  expect(decide(one, asked, 'cluster')).toEqual(answer());
  expect(decide(one, { ...asked, name: 'a1.a.shop.skein.test' }, 'cluster')).toEqual(
    answer(twins.of('100.64.1.11')),
  );
  expect([gateway.sixElsewhere, one.sixElsewhere]).toEqual([true, true]);
  expect(namesFrom(narrow('a.shop.skein.test'), twins).sixElsewhere).toBe(false);
  expect(namesFrom(gatewayMap, null).sixElsewhere).toBe(false);
});

test('a member asks its gateway for all of the zone that is not its cluster’s', () => {
  const toGateway: Decision = { kind: 'delegate', servers: ['100.64.1.11'] };
  expect(decide(member, { name: 'b1.b.shop.skein.test', type: 'A' }, 'node')).toEqual(toGateway);
  expect(decide(member, { name: 'a1.a.shop.skein.test', type: 'A' }, 'node')).toEqual(answer('10.1.0.11'));
  expect(decide(member, { name: 'none.a.shop.skein.test', type: 'A' }, 'node')).toEqual(noSuchName);
});
