import { expect, it } from 'vitest';
import { asRecordSet } from './records.ts';

it('reads names without escapes and last dot', () => {
  const set = {
    Name: '\\052.Shop.test.',
    Type: 'A' as const,
    TTL: 60,
    ResourceRecords: [{ Value: '1.1.1.1' }],
  };
  expect(asRecordSet(set)).toEqual({
    name: '*.shop.test',
    type: 'A',
    ttlSeconds: 60,
    values: ['1.1.1.1'],
    plain: true,
  });
});

it.each([
  { AliasTarget: { HostedZoneId: 'Z', DNSName: 'x.', EvaluateTargetHealth: false } },
  { SetIdentifier: 'one', Weight: 1 },
  { HealthCheckId: 'h' },
])('takes %j for no plain set', (more) => {
  expect(asRecordSet({ Name: 'a.test.', Type: 'A', ...more }).plain).toBe(false);
});
