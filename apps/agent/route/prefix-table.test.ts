import { contains, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PrefixTable } from './prefix-table.ts';

const prefix = fc
  .tuple(
    fc.constantFrom('100.64.0.0', '100.64.2.0', '100.64.2.7', '100.64.3.128'),
    fc.integer({ min: 0, max: 32 }),
  )
  .map(([address, length]) => parseCidr(`${address}/${length}`))
  .map(({ first, prefixLength }) => ({
    first,
    prefixLength,
    cidr: `${[24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join('.')}/${prefixLength}`,
  }));

test('the narrowest prefix around an other is the one that a look at all of them finds', () => {
  fc.assert(
    fc.property(fc.array(prefix), prefix, (all, one) => {
      const table = new PrefixTable<string>();
      for (const { cidr } of all) table.set(cidr, cidr);
      const around = (orItself: boolean) =>
        all
          .filter(({ cidr }) => contains(cidr, one.cidr) && (orItself || cidr !== one.cidr))
          .sort((a, b) => b.prefixLength - a.prefixLength)[0]?.cidr;
      expect(table.around(one)).toBe(around(true));
      expect(table.outside(one)).toBe(around(false));
      expect(table.get(one)).toBe(all.find(({ cidr }) => cidr === one.cidr)?.cidr);
      const sorted = table.sorted();
      expect(new Set(sorted.map(({ cidr }) => cidr))).toEqual(new Set(all.map(({ cidr }) => cidr)));
      const lengths = sorted.map(({ range }) => range.prefixLength);
      expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    }),
  );
});
