import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_RULES, type SecurityRule } from './network/security-group.ts';
import { allowed } from './reach.ts';

const NEAR: [number, number][] = [[0x0a400000, 0x0a400fff]];
const OWN = 0x0a400004;
const inbound = DEFAULT_RULES.map(({ properties }) => properties).filter(
  (each) => each.direction === 'Inbound',
);

const anyRule: fc.Arbitrary<SecurityRule> = fc.record({
  description: fc.constant(null),
  protocol: fc.constantFrom('Tcp', 'Udp', 'Icmp', '*'),
  sourcePorts: fc.constant(['*']),
  destinationPorts: fc.constantFrom(['*'], ['22'], ['51820'], ['80-443', '8080']),
  sources: fc.constantFrom(
    ['*'],
    ['Internet'],
    ['VirtualNetwork'],
    ['198.18.64.1/32', '198.18.64.2'],
    ['10.64.0.0/24'],
  ),
  destinations: fc.constantFrom(['*'], ['VirtualNetwork'], ['10.64.0.4/32'], ['10.99.0.0/24']),
  access: fc.constantFrom('Allow', 'Deny'),
  priority: fc.integer({ min: 100, max: 4096 }),
  direction: fc.constant('Inbound' as const),
});

const ADDRESSES: Record<string, number> = {
  inside: 0x0a400005,
  far: 0x0a401000,
  one: 0xc6124001,
  other: 0xc6124009,
};

/** What Azure says it does: the strongest rule that matches decides. */
function decide(rules: readonly SecurityRule[], protocol: string, port: number, from: number): boolean {
  const within = (list: readonly string[], address: number) =>
    list.some((text) => {
      const near = NEAR.some(([a, b]) => a <= address && address <= b);
      if (text === '*') return true;
      if (text === 'VirtualNetwork') return near;
      if (text === 'Internet') return !near;
      if (text === 'AzureLoadBalancer') return false;
      const [base = '', length = '32'] = text.split('/');
      const value = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
      return address >= value && address < value + 2 ** (32 - Number(length));
    });
  const ported = (rule: SecurityRule) =>
    rule.destinationPorts.some((text) => {
      if (text === '*') return true;
      if (protocol === 'Icmp') return false;
      const [a = 0, b = a] = text.split('-').map(Number);
      return a <= port && port <= b;
    });
  const [first] = rules
    .filter(
      (rule) =>
        (rule.protocol === '*' || rule.protocol === protocol) &&
        ported(rule) &&
        within(rule.sources, from) &&
        within(rule.destinations, OWN),
    )
    .sort((a, b) => a.priority - b.priority);
  return first?.access === 'Allow';
}

describe('the rules of a group', () => {
  test('allow on the ground exactly what the strongest match allows', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyRule, { selector: (rule) => rule.priority, maxLength: 8 }),
        fc.constantFrom('Tcp', 'Udp', 'Icmp'),
        fc.constantFrom(22, 80, 8080, 51_820),
        fc.constantFrom(...Object.keys(ADDRESSES)),
        (rules, protocol, port, where) => {
          const from = ADDRESSES[where] ?? 0;
          const boxes = allowed([...rules, ...inbound], NEAR, OWN);
          const passes = boxes.some(
            (box) =>
              box.protocol === protocol.toLowerCase() &&
              box.ports[0] <= (protocol === 'Icmp' ? 0 : port) &&
              (protocol === 'Icmp' ? 0 : port) <= box.ports[1] &&
              box.addresses[0] <= from &&
              from <= box.addresses[1],
          );
          expect(passes).toBe(decide([...rules, ...inbound], protocol, port, from));
        },
      ),
      { numRuns: 500 },
    );
  });
});
