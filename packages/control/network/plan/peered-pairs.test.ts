import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Peerable, peeredPairs } from './peered-pairs.ts';

const names = (pairs: [Peerable, Peerable][]) => pairs.map(([a, b]) => `${a.name} ${b.name}`);

test('pairs are of one provider, with VPCs that share no address', () => {
  const clusters: Peerable[] = [
    { name: 'west', provider: 'aws', vpcCidr: '10.64.16.0/20' },
    { name: 'east', provider: 'aws', vpcCidr: '10.64.0.0/20' },
    { name: 'own', provider: 'aws', vpcCidr: '10.64.0.0/16' },
    { name: 'dev', provider: 'gcp', vpcCidr: '10.64.32.0/20' },
    { name: 'test', provider: 'gcp', vpcCidr: '10.64.48.0/20' },
    { name: 'unknown', provider: 'gcp', vpcCidr: null },
    { name: 'office', provider: null, vpcCidr: null },
  ];
  expect(names(peeredPairs(clusters, 'same-provider'))).toEqual(['dev test', 'east west']);
  expect(peeredPairs(clusters, 'none')).toEqual([]);
});

test('the order of clusters does not matter', () => {
  const cluster = fc.record({
    name: fc.stringMatching(/^[a-z]{1,6}$/),
    provider: fc.constantFrom('aws' as const, 'gcp' as const, null),
    vpcCidr: fc.constantFrom('10.64.0.0/20', '10.64.16.0/20', '10.64.0.0/16', null),
  });
  const set = fc.uniqueArray(cluster, { selector: (one) => one.name, maxLength: 8 });
  fc.assert(
    fc.property(set, (clusters) => {
      const pairs = names(peeredPairs(clusters, 'same-provider'));
      expect(names(peeredPairs([...clusters].reverse(), 'same-provider'))).toEqual(pairs);
      expect(new Set(pairs).size).toBe(pairs.length);
    }),
  );
});
