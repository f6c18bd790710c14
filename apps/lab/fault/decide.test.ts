import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type FaultCall, matches, nothingCounted, seeded } from './decide.ts';
import { FaultPlan, type FaultRuleInput } from './rule.ts';

const rulesOf = (rules: FaultRuleInput[]) => FaultPlan.parse({ rules }).rules;
const call = (more: Partial<FaultCall> = {}): FaultCall => ({
  cloud: 'aws',
  service: 'ec2',
  action: 'CreateVpc',
  region: 'us-east-1',
  mutating: true,
  ...more,
});
/** Which rules each of the calls meets. */
function meet(rules: FaultRuleInput[], calls: FaultCall[], seed = 1): number[][] {
  const parsed = rulesOf(rules);
  const random = seeded(seed);
  let counts = nothingCounted(parsed);
  return calls.map((each) => {
    const outcome = decide(parsed, each, counts, random);
    counts = outcome.counts;
    return outcome.met;
  });
}
const anyCall = fc.record({
  cloud: fc.constantFrom('aws' as const, 'gcp' as const, 'azure' as const),
  service: fc.constantFrom('ec2', 'compute', 'dns', 'network'),
  action: fc.constantFrom('CreateVpc', 'DescribeVpcs', 'networks.insert', 'networks.get'),
  region: fc.constantFrom('us-east-1', 'us-central1', 'us-central1-a', 'global'),
  mutating: fc.boolean(),
});
const error = { kind: 'error' as const };

describe('which rules a call meets', () => {
  test('none without a rule, and none of a rule about something else', () => {
    fc.assert(
      fc.property(fc.array(anyCall), (calls) => {
        expect(meet([], calls).flat()).toEqual([]);
        expect(meet([{ action: 'nothing.*', fault: error }], calls).flat()).toEqual([]);
      }),
    );
  });

  test('chance is honoured within five standard deviations, and follows from the seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, probability) => {
          const count = 2000;
          const calls = Array.from({ length: count }, () => call());
          const rules: FaultRuleInput[] = [{ when: { probability }, fault: error }];
          const met = meet(rules, calls, seed);
          const bound = 5 * Math.sqrt(count * probability * (1 - probability)) + 1;
          expect(Math.abs(met.flat().length - count * probability)).toBeLessThanOrEqual(bound);
          expect(meet(rules, calls, seed)).toEqual(met);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the n-th of those that match, and it alone', () => {
    fc.assert(
      fc.property(fc.array(anyCall), fc.integer({ min: 1, max: 20 }), (calls, nth) => {
        const met = meet([{ mutating: true, when: { nth }, fault: error }], calls);
        const changing = calls.flatMap((each, index) => (each.mutating ? [index] : []));
        const expected = changing[nth - 1];
        expect(met.flatMap((one, index) => (one.length > 0 ? [index] : []))).toEqual(
          expected === undefined ? [] : [expected],
        );
      }),
    );
  });

  test('the first of each service and action', () => {
    fc.assert(
      fc.property(fc.array(anyCall), (calls) => {
        const met = meet([{ when: 'first-of-each', fault: error }], calls);
        const kinds = new Set(calls.map((each) => `${each.service}.${each.action}`));
        expect(met.flat()).toHaveLength(kinds.size);
      }),
    );
  });

  test('one rule of chance does not move the chance of those before it', () => {
    const calls = Array.from({ length: 50 }, (_, i) => call({ cloud: i % 2 === 0 ? 'aws' : 'gcp' }));
    const rule: FaultRuleInput = { when: { probability: 0.5 }, fault: error };
    const both = meet([rule, { cloud: 'azure', when: { probability: 0.5 }, fault: error }], calls);
    expect(both).toEqual(meet([rule], calls));
  });

  test.each<[string, Omit<FaultRuleInput, 'fault'>, Partial<FaultCall>, boolean]>([
    ['its cloud', { cloud: 'aws' }, {}, true],
    ['another cloud', { cloud: 'gcp' }, {}, false],
    ['an action by pattern', { action: 'Create*' }, {}, true],
    ['letters of either case', { action: 'createvpc' }, {}, true],
    ['a region', { region: 'us-east-1' }, {}, true],
    ['a zone of it', { region: 'us-central1' }, { region: 'us-central1-b' }, true],
    ['a region beside it', { region: 'us-east-1' }, { region: 'us-east-2' }, false],
    ['reads, of a change', { mutating: false }, {}, false],
  ])('%s', (_, rule, more, met) => {
    expect(meet([{ ...rule, fault: error }], [call(more)])).toEqual([met ? [0] : []]);
  });
});

test.each([
  ['*', '', true],
  ['a*', 'abc', true],
  ['*c', 'abc', true],
  ['a*c', 'ac', true],
  ['a*a', 'a', false],
  ['compute.*.insert', 'compute.networks.insert', true],
  ['compute.*.insert', 'compute.insert', false],
  ['*b*b*', 'abcb', true],
  ['*b*b*', 'abc', false],
  ['a.c', 'abc', false],
])('the pattern %j and the name %j', (pattern, name, fits) => {
  expect(matches(pattern, name)).toBe(fits);
});

test('what is no rule is refused', () => {
  for (const rule of [
    { fault: { kind: 'flood' } },
    { fault: error, when: { probability: 2 } },
    { fault: error, acton: 'CreateVpc' },
    { fault: { kind: 'stale' } },
  ])
    expect(FaultPlan.safeParse({ rules: [rule] }).success).toBe(false);
});
