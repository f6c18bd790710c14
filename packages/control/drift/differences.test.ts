import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreed, type Difference, driftOf, type Pair } from './differences.ts';

const rule = (cidrs: string[], port = 51820) => ({
  protocol: 'udp' as const,
  fromPort: port,
  toPort: port,
  cidrs,
  description: 'WireGuard',
});
const group = { externalId: 'sg-1', rules: [rule(['10.64.0.0/20']), rule(['198.18.64.9/32'])] };
const held = { externalId: 'sg-1', more: [], rules: [rule(['10.64.0.0/20', '198.18.64.9/32'])], foreign: [] };
const gateway = {
  externalId: 'i-1',
  privateAddress: '10.64.0.4',
  role: 'gateway',
  publicAddress: '198.18.64.9',
} as const;
const machine = {
  externalId: 'i-1',
  privateAddress: '10.64.0.4',
  publicAddress: '198.18.64.9',
  running: true,
  forwards: true,
};
const vpc = { externalId: 'vpc-1', subnetId: 'subnet-1', cidr: '10.64.0.0/20' };
const peering = { externalId: 'pcx-1', active: true, cidrs: ['10.64.16.0/20'] };
const zone = { externalId: 'Z1', name: 'shop.test', visibility: 'private' as const, nameServers: ['a'] };
const record = (name: string, addresses: string[], ttlSeconds = 60) => ({ name, addresses, ttlSeconds });
const difference = (field: string, expected: string, found: string): Difference => ({
  field,
  expected,
  found,
});

const CASES: [string, Pair, Difference[]][] = [
  ['the same group', { kind: 'firewall', expected: group, found: held }, []],
  [
    'a rule deleted',
    { kind: 'firewall', expected: group, found: { ...held, rules: [] } },
    [difference('UDP 51820', 'open from 10.64.0.0/20, 198.18.64.9/32', 'closed')],
  ],
  [
    'a rule widened to the world',
    {
      kind: 'firewall',
      expected: group,
      found: { ...held, rules: [rule(['0.0.0.0/0', '10.64.0.0/20', '198.18.64.9/32'])] },
    },
    [
      difference(
        'UDP 51820',
        'open from 10.64.0.0/20, 198.18.64.9/32',
        'open from 0.0.0.0/0, 10.64.0.0/20, 198.18.64.9/32',
      ),
    ],
  ],
  [
    'another port opened, and ingress that no rule of ours can say',
    {
      kind: 'firewall',
      expected: group,
      found: { ...held, rules: [...held.rules, rule(['0.0.0.0/0'], 22)], foreign: ['icmp -1--1'] },
    },
    [
      difference('UDP 22', 'closed', 'open from 0.0.0.0/0'),
      difference('other ingress', 'none', 'icmp -1--1'),
    ],
  ],
  ['a gateway as it should be', { kind: 'instance', expected: gateway, found: machine }, []],
  [
    'a stopped instance',
    {
      kind: 'instance',
      expected: gateway,
      found: { ...machine, running: false, privateAddress: '', publicAddress: null },
    },
    [difference('state', 'running', 'not running'), difference('public address', '198.18.64.9', 'none')],
  ],
  [
    'a source/destination check switched on again',
    { kind: 'instance', expected: gateway, found: { ...machine, forwards: false } },
    [difference('forwarding of others’ packets', 'allowed', 'not allowed')],
  ],
  [
    'a member that may forward; its passing address is nobody’s business',
    {
      kind: 'instance',
      expected: { ...gateway, role: 'member', publicAddress: null },
      found: { ...machine, publicAddress: '198.18.64.77' },
    },
    [difference('forwarding of others’ packets', 'not allowed', 'allowed')],
  ],
  [
    'another address reserved under our tag',
    {
      kind: 'address',
      expected: { externalId: 'eip-1', address: '198.18.64.9' },
      found: { externalId: 'eip-2', address: '198.18.64.10' },
    },
    [difference('id in the cloud', 'eip-1', 'eip-2'), difference('address', '198.18.64.9', '198.18.64.10')],
  ],
  [
    'a subnet deleted',
    { kind: 'network', expected: vpc, found: { ...vpc, subnetId: '' } },
    [difference('subnet', 'subnet-1', 'none')],
  ],
  [
    'a peering that no longer carries traffic',
    { kind: 'peering', expected: peering, found: { ...peering, active: false, cidrs: [] } },
    [difference('state', 'active', 'inactive'), difference('routes', '10.64.16.0/20', 'none')],
  ],
  [
    'a zone; its name servers are the cloud’s',
    { kind: 'zone', expected: zone, found: { ...zone, nameServers: [] } },
    [],
  ],
  [
    'records changed, removed and added',
    {
      kind: 'record',
      expected: [record('a.shop.test', ['10.0.0.1']), record('b.shop.test', ['10.0.0.2'])],
      found: [record('a.shop.test', ['6.6.6.6'], 5), record('c.shop.test', ['10.0.0.3'])],
    },
    [
      difference('a.shop.test', '10.0.0.1 for 60 s', '6.6.6.6 for 5 s'),
      difference('b.shop.test', '10.0.0.2 for 60 s', 'no record'),
      difference('c.shop.test', 'no record', '10.0.0.3 for 60 s'),
    ],
  ],
  [
    'a name without an address is no record',
    { kind: 'record', expected: [record('a.shop.test', [])], found: [] },
    [],
  ],
];

describe('drift of one resource', () => {
  it.each(CASES)('%s', (_, pair, differences) => {
    expect(driftOf(pair)).toEqual(differences.length > 0 ? { what: 'changed', differences } : null);
  });

  it('is missing where the cloud does not have it', () => {
    expect(driftOf({ kind: 'network', expected: vpc, found: undefined })?.what).toBe('missing');
    expect(driftOf({ kind: 'record', expected: [], found: undefined })?.what).toBe('missing');
  });

  it('does not depend on the order in which a cloud lists', () => {
    const permissions = fc.array(
      fc.record({
        protocol: fc.constantFrom('udp' as const, 'tcp' as const),
        port: fc.constantFrom(22, 53, 51820),
        cidr: fc.constantFrom('10.0.0.0/8', '192.0.2.1/32', '0.0.0.0/0'),
      }),
    );
    const rules = (list: { protocol: 'udp' | 'tcp'; port: number; cidr: string }[]) =>
      list.map(({ protocol, port, cidr }) => ({ ...rule([cidr], port), protocol }));
    fc.assert(
      fc.property(permissions, (list) => {
        const expected = { externalId: 'sg-1', rules: rules(list) };
        const found = { ...held, rules: rules([...list].reverse()) };
        expect(driftOf({ kind: 'firewall', expected, found })).toBeNull();
      }),
    );
  });
});

describe('two looks', () => {
  const changed = (...fields: string[]) => ({
    what: 'changed' as const,
    differences: fields.map((field) => difference(field, 'a', 'b')),
  });
  const missing = { what: 'missing' as const, differences: [difference('existence', 'there', 'not there')] };
  it.each([
    ['agree', missing, missing, missing],
    ['the first was stale', missing, null, null],
    ['the first was of before', missing, changed('state'), null],
    ['only what both saw', changed('state', 'UDP 22'), changed('UDP 22', 'UDP 53'), changed('UDP 22')],
    ['nothing in common', changed('state'), changed('UDP 22'), null],
  ])('%s', (_, first, second, answer) => {
    expect(agreed(first, second)).toEqual(answer);
  });
});
