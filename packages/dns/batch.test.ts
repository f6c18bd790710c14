import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halves, inBatches } from './batch.ts';

const items = fc.array(
  fc.record({ id: fc.nat(), values: fc.integer({ min: 0, max: 40 }), bytes: fc.nat(900) }),
  {
    maxLength: 60,
  },
);
const limits = fc.record({
  values: fc.integer({ min: 1, max: 60 }),
  bytes: fc.integer({ min: 1, max: 1_000 }),
});
type Item = { values: number; bytes: number };
const cost = ({ values, bytes }: Item) => ({ values, bytes });
const sum = (batch: readonly Item[], of: 'values' | 'bytes') => batch.reduce((all, one) => all + one[of], 0);

describe('inBatches', () => {
  it('loses nothing and keeps the order', () => {
    fc.assert(
      fc.property(items, limits, (list, most) => {
        expect(inBatches(list, most, cost).flat()).toEqual(list);
      }),
    );
  });

  it('keeps every limit, but for what alone is beyond it', () => {
    fc.assert(
      fc.property(items, limits, (list, most) => {
        for (const batch of inBatches(list, most, cost)) {
          const fits = sum(batch, 'values') <= most.values && sum(batch, 'bytes') <= most.bytes;
          expect(fits || batch.length === 1).toBe(true);
        }
      }),
    );
  });

  it('starts a batch only where the next item does not fit', () => {
    fc.assert(
      fc.property(items, limits, (list, most) => {
        const batches = inBatches(list, most, cost);
        for (const [index, batch] of batches.entries()) {
          const next = batches[index + 1]?.[0];
          if (!next) continue;
          const together = [...batch, next];
          expect(sum(together, 'values') <= most.values && sum(together, 'bytes') <= most.bytes).toBe(false);
        }
      }),
    );
  });
});

it('halves a batch without loss', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 2, maxLength: 50 }), (list) => {
      const [first, second] = halves(list);
      expect([...first, ...second]).toEqual(list);
      expect(Math.min(first.length, second.length)).toBeGreaterThan(0);
    }),
  );
});
