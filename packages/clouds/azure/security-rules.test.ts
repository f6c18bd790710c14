import type { SecurityRule } from '@azure/arm-network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CloudError, type FirewallRule } from '../provider.ts';
import { permissionsOf, rulesOf } from '../rule-set.ts';
import { heldRules, wantedRules } from './security-rules.ts';

const wireguard: FirewallRule = {
  protocol: 'udp',
  fromPort: 51820,
  toPort: 51820,
  cidrs: ['203.0.113.1/32', '203.0.113.2/32'],
  description: 'WireGuard from the other gateways',
};
const [allow, closing] = wantedRules([wireguard]) as [SecurityRule, SecurityRule];

it('packs all sources of a port into one rule, and closes the group', () => {
  expect(allow).toEqual({
    name: 'udp-51820-0',
    description: 'WireGuard from the other gateways',
    direction: 'Inbound',
    access: 'Allow',
    priority: 100,
    protocol: 'Udp',
    sourceAddressPrefixes: ['203.0.113.1/32', '203.0.113.2/32'],
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '51820',
  });
  expect(closing).toMatchObject({ access: 'Deny', priority: 4096, protocol: '*', sourceAddressPrefix: '*' });
  expect(wantedRules([])).toEqual([closing]);
});

it('splits what one rule cannot hold', () => {
  const cidrs = Array.from({ length: 4001 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
  const rules = wantedRules([{ ...wireguard, cidrs }]);
  expect(rules.map((one) => [one.name, one.priority, one.sourceAddressPrefixes?.length])).toEqual([
    ['udp-51820-0', 100, 4000],
    ['udp-51820-1', 101, 1],
    ['nothing-else', 4096, undefined],
  ]);
});

it('refuses the whole world, and more than a group holds', () => {
  expect(() => wantedRules([{ ...wireguard, cidrs: ['0.0.0.0/0'] }])).toThrow(CloudError);
  const many = Array.from({ length: 1000 }, (_, i) => ({ ...wireguard, fromPort: i + 1, toPort: i + 1 }));
  expect(() => wantedRules(many)).toThrow(/cannot hold/);
});

const cidr = fc
  .tuple(fc.nat(223), fc.nat(255), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 32 }))
  .map(([a, b, c, d, length]) => `${a}.${b}.${c}.${d}/${length}`);
const rule = fc
  .record({
    protocol: fc.constantFrom<'udp' | 'tcp'>('udp', 'tcp'),
    ports: fc.tuple(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 })),
    cidrs: fc.uniqueArray(cidr, { minLength: 1, maxLength: 8 }),
  })
  .map(
    ({ protocol, ports, cidrs }): FirewallRule => ({
      protocol,
      fromPort: Math.min(...ports),
      toPort: Math.max(...ports),
      cidrs,
      description: 'x',
    }),
  );

it('reads back what it wrote, and gives no two rules one name or priority', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
      const written = wantedRules(rules);
      const held = heldRules(written);
      expect(held.foreign).toEqual([]);
      expect(rulesOf(held.permissions)).toEqual(rulesOf(permissionsOf(rules)));
      expect(new Set(written.map((one) => one.name)).size).toBe(written.length);
      expect(new Set(written.map((one) => one.priority)).size).toBe(written.length);
      expect(wantedRules([...rules].reverse())).toEqual(written);
    }),
  );
});

describe('what somebody made by hand', () => {
  const by = (change: Partial<SecurityRule>) => heldRules([{ ...allow, name: 'hand', ...change }, closing]);

  it.each<[string, Partial<SecurityRule>]>([
    ['ping', { protocol: 'Icmp', destinationPortRange: '*' }],
    ['everything', { protocol: '*' }],
    ['a service tag', { sourceAddressPrefixes: ['AzureLoadBalancer'] }],
    ['IPv6', { sourceAddressPrefixes: ['2001:db8::/32'] }],
    ['a rule that says no', { access: 'Deny' }],
    ['a rule for what goes out', { direction: 'Outbound' }],
    ['another source port', { sourcePortRange: '53' }],
    ['one destination only', { destinationAddressPrefix: '10.0.0.4' }],
    ['a group of interfaces', { sourceApplicationSecurityGroups: [{ id: 'asg' }] }],
  ])('is foreign: %s', (_, change) => {
    const held = by(change);
    expect(held.permissions).toEqual([]);
    expect(held.foreign).toHaveLength(1);
    expect(held.foreign[0]).toContain('(rule hand)');
  });

  it.each<[string, Partial<SecurityRule>, string[]]>([
    ['one address without its length', { sourceAddressPrefixes: ['203.0.113.9'] }, ['203.0.113.9/32']],
    [
      'the other field',
      { sourceAddressPrefixes: [], sourceAddressPrefix: '203.0.113.9/32' },
      ['203.0.113.9/32'],
    ],
    ['the world by name', { sourceAddressPrefixes: [], sourceAddressPrefix: 'Internet' }, ['0.0.0.0/0']],
  ])('is a rule like ours: %s', (_, change, cidrs) => {
    const held = by({
      protocol: 'TCP',
      destinationPortRanges: ['22', '80-81'],
      destinationPortRange: '',
      ...change,
    });
    expect(held.foreign).toEqual([]);
    expect(
      rulesOf(held.permissions).map((one) => [one.protocol, one.fromPort, one.toPort, one.cidrs]),
    ).toEqual([
      ['tcp', 22, 22, cidrs],
      ['tcp', 80, 81, cidrs],
    ]);
  });

  it('shows where the closing rule is gone or weaker', () => {
    for (const rules of [[allow], [allow, { ...closing, protocol: 'Tcp' }]])
      expect(heldRules(rules).foreign.join()).toContain('within the virtual network');
  });
});
