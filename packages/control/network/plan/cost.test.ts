import { providers } from '@skein/clouds/registry.ts';
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOURS_A_MONTH, plannedCost } from './cost.ts';
import { PRICES } from './price/2026-11.ts';
import { emptied } from './shape.ts';
import { making, SHOP } from './testing/applied.ts';

const TYPES = { aws: 't3.small', gcp: 'e2-small', azure: 'Standard_B2s' };
const costOf = (request: NewNetwork) => {
  const { after } = making(request);
  return plannedCost(emptied(after), after, PRICES, TYPES);
};

describe('the price table', () => {
  it.each(providers.map((one) => [one.id, one] as const))(
    'of %s is of regions that are offered',
    (id, provider) => {
      const { regions } = PRICES.providers[id];
      const offered = provider.regions.map((one) => one.id);
      expect(Object.keys(regions).filter((region) => !offered.includes(region))).toEqual([]);
      for (const prices of Object.values(regions)) {
        expect(prices.instances[provider.defaultInstanceType]).toBeGreaterThan(0);
        expect(prices.internetGb).toBeGreaterThan(prices.otherZoneGb);
      }
    },
  );
});

describe('what a network costs', () => {
  it('is each line times its price, for 730 hours', () => {
    const cost = costOf({ ...SHOP, peering: 'same-provider' });
    expect(
      cost.lines.map((one) => [one.what, one.region, one.quantity, one.unit, one.unitUsd, one.monthlyUsd]),
    ).toEqual([
      ['2 × t3.small', 'us-east-1', 1460, 'hour', 0.0208, 30.37],
      ['2 public IPv4 addresses', 'us-east-1', 1460, 'hour', 0.005, 7.3],
      ['Traffic to the internet and to other clouds', 'us-east-1', 0, 'GB', 0.09, 0],
      ['Traffic to other regions of AWS', 'us-east-1', 0, 'GB', 0.02, 0],
      ['VPC peering to other regions', 'us-east-1', 0, 'GB', 0.02, 0],
      ['2 × t3.small', 'us-west-2', 1460, 'hour', 0.0208, 30.37],
      ['2 public IPv4 addresses', 'us-west-2', 1460, 'hour', 0.005, 7.3],
      ['Traffic to the internet and to other clouds', 'us-west-2', 0, 'GB', 0.09, 0],
      ['Traffic to other regions of AWS', 'us-west-2', 0, 'GB', 0.02, 0],
      ['VPC peering to other regions', 'us-west-2', 0, 'GB', 0.02, 0],
      ['1 × e2-small', 'us-central1', 730, 'hour', 0.016751, 12.23],
      ['1 public IPv4 address', 'us-central1', 730, 'hour', 0.005, 3.65],
      ['Traffic to the internet and to other clouds', 'us-central1', 0, 'GB', 0.12, 0],
      ['3 hosted zones', 'global', 3, 'month', 0.5, 1.5],
      ['1 hosted zone', 'global', 1, 'month', 0.2, 0.2],
    ]);
    expect([cost.beforeUsd, cost.afterUsd]).toEqual([0, 92.92]);
    expect(cost.pricesOf).toBe(PRICES.day);
  });

  it('guesses nothing: what has no price is named', () => {
    const cost = costOf({
      ...SHOP,
      clusters: [
        {
          name: 'big',
          cloudAccountId: 'acc_aws',
          region: 'us-east-1',
          nodes: 3,
          instanceType: 'm7i.48xlarge',
        },
        { name: 'far', cloudAccountId: 'acc_azure', region: 'uaenorth', nodes: 1 },
      ],
    });
    expect(cost.lines.map((one) => one.what)).not.toContain('3 × m7i.48xlarge');
    expect(cost.leftOut).toEqual([
      '3 × m7i.48xlarge in us-east-1 of AWS: no price is known.',
      '1 × Standard_B2s in uaenorth of Azure: no price is known.',
      'Traffic from uaenorth of Azure: no price is known.',
      'Disks of the nodes, DNS queries, taxes, discounts and free tiers.',
    ]);
  });

  it('adds up to the cent, and grows with the nodes', () => {
    const clusters = fc.array(
      fc.record({
        cloudAccountId: fc.constantFrom('acc_aws', 'acc_gcp', 'acc_azure'),
        region: fc.constantFrom('us-east-1', 'eu-west-1', 'us-central1', 'westeurope', 'nowhere'),
        nodes: fc.integer({ min: 0, max: 20 }),
        instanceType: fc.constantFrom(undefined, 't3.large', 'e2-medium', 'Standard_B1s'),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(clusters, (wanted) => {
        const request = (more: number): NewNetwork => ({
          ...SHOP,
          clusters: wanted.map(({ instanceType, ...one }, index) => ({
            ...one,
            ...(instanceType !== undefined && { instanceType }),
            name: `c${index}`,
            nodes: one.nodes + more,
          })),
        });
        const cost = costOf(request(0));
        const cents = cost.lines.reduce((sum, one) => sum + Math.round(one.monthlyUsd * 100), 0);
        expect(Math.round(cost.afterUsd * 100)).toBe(cents);
        for (const one of cost.lines) {
          expect(Math.abs(one.monthlyUsd - one.quantity * one.unitUsd)).toBeLessThanOrEqual(0.005 + 1e-9);
          if (one.unit === 'hour') expect(one.quantity % HOURS_A_MONTH).toBe(0);
        }
        expect(costOf(request(1)).afterUsd).toBeGreaterThan(cost.afterUsd);
      }),
      { numRuns: 60 },
    );
  });
});
