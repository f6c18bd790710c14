import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packRules } from './rule-pack.ts';
import { identityOf, type Permission } from './rule-set.ts';

const permission = (host: number): Permission => ({
  protocol: 'udp',
  fromPort: 51820,
  toPort: 51820,
  cidr: `203.0.${Math.floor(host / 256)}.${host % 256}/32`,
  description: '',
});
const hosts = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 80 });
const several = hosts.map((list) => list.map(permission));
const names = (group: readonly Permission[]) => group.map(identityOf).sort();
const anyHeld = fc.array(several, { maxLength: 5 });
const capacity = fc.integer({ min: 1, max: 20 });

test('every permission is in one group, no group is over its limit, and no group is too many', () => {
  fc.assert(
    fc.property(several, anyHeld, capacity, (wanted, held, most) => {
      const groups = packRules(wanted, held, most);
      expect(names(groups.flat())).toEqual(names(wanted));
      for (const group of groups) expect(group.length).toBeLessThanOrEqual(most);
      expect(groups.length).toBe(Math.max(1, Math.ceil(wanted.length / most)));
    }),
  );
});

test('what is packed stays packed', () => {
  fc.assert(
    fc.property(several, anyHeld, capacity, (wanted, held, most) => {
      const groups = packRules(wanted, held, most);
      expect(packRules([...wanted].reverse(), groups, most).map(names)).toEqual(groups.map(names));
    }),
  );
});

test('one permission more changes one group; one exchanged for another at most two', () => {
  fc.assert(
    fc.property(
      several,
      capacity,
      fc.integer({ min: 500, max: 600 }),
      fc.nat(),
      (wanted, most, host, index) => {
        const before = packRules(wanted, [], most);
        const changed = (after: readonly (readonly Permission[])[]) =>
          Array.from({ length: Math.max(before.length, after.length) }).filter(
            (_, i) => names(before[i] ?? []).join() !== names(after[i] ?? []).join(),
          ).length;
        expect(changed(packRules([...wanted, permission(host)], before, most))).toBe(1);
        if (wanted.length === 0) return;
        const exchanged = wanted.with(index % wanted.length, permission(host));
        expect(changed(packRules(exchanged, before, most))).toBeLessThanOrEqual(2);
      },
    ),
  );
});

test('sixty addresses and one more', () => {
  const wanted = Array.from({ length: 61 }, (_, host) => permission(host));
  expect(packRules(wanted.slice(0, 60), [], 60).map((group) => group.length)).toEqual([60]);
  expect(packRules(wanted, [], 60).map((group) => group.length)).toEqual([60, 1]);
  expect(packRules([], [wanted], 60)).toEqual([[]]);
});
