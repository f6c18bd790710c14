import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pace } from './pace.ts';

it('lets no more through in any second than the rate, after a first handful', () => {
  const arrivals = fc.array(fc.nat(400), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 10 }), (gaps, rate) => {
      let clock = 0;
      const paced = pace(rate, () => clock);
      const served = gaps.map((gap) => {
        clock += gap;
        return clock + paced.turn('one');
      });
      for (const [first, from] of served.entries())
        for (const [last, until] of served.entries())
          if (last > first)
            expect(last - first + 1).toBeLessThanOrEqual(rate + 1 + ((until - from) / 1000) * rate + 1e-6);
    }),
  );
});

it('makes no account wait for another', () => {
  const paced = pace(5, () => 0);
  for (let i = 0; i < 20; i++) paced.turn('busy');
  expect(paced.turn('idle')).toBe(0);
  expect(paced.turn('busy')).toBeGreaterThan(1_000);
});
