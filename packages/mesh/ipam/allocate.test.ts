import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateAddress, allocateCidr } from './allocate.ts';
import { contains, formatAddress, overlaps, parseCidr } from './cidr.ts';

describe('ranges', () => {
  test.each([
    ['the first of an empty pool', '10.64.0.0/10', 20, [], '10.64.0.0/20'],
    ['the lowest gap', '10.64.0.0/10', 20, ['10.64.32.0/20', '10.64.0.0/20'], '10.64.16.0/20'],
    ['aligned behind a smaller one', '10.64.0.0/10', 20, ['10.64.0.0/24'], '10.64.16.0/20'],
    ['behind a larger one', '100.64.0.0/10', 16, ['100.64.0.0/14'], '100.68.0.0/16'],
    [
      'ranges of other pools do not count',
      '100.64.0.0/10',
      16,
      ['10.0.0.0/8', '192.168.0.0/16'],
      '100.64.0.0/16',
    ],
    ['a range that covers the start of the pool', '10.64.0.0/10', 20, ['10.0.0.0/9'], 'full'],
  ])('%s', (_, pool, prefixLength, taken, expected) => {
    const grant = allocateCidr(pool, prefixLength, taken);
    expect(grant).toEqual(
      expected === 'full' ? { ok: false, reason: 'pool-full' } : { ok: true, cidr: expected },
    );
  });

  test('a pool gives exactly as many as fit, none of which overlap, until it is full', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 5 }),
        (bits, foreign) => {
          const pool = '100.64.8.0/21';
          const taken = foreign.map((third) => `100.64.${third}.128/${25 + bits}`);
          const given: string[] = [];
          for (;;) {
            const grant = allocateCidr(pool, 24, [...taken, ...given]);
            if (!grant.ok) break;
            expect(contains(pool, grant.cidr)).toBe(true);
            for (const other of [...taken, ...given])
              expect(overlaps(grant.cidr, other), `${grant.cidr} ${other}`).toBe(false);
            given.push(grant.cidr);
          }
          const blocked = new Set(foreign.filter((third) => third >= 8 && third < 16));
          expect(given).toHaveLength(8 - blocked.size);
        },
      ),
    );
  });

  test('a pool cannot give what is larger than itself', () => {
    expect(() => allocateCidr('10.64.0.0/16', 8, [])).toThrow(RangeError);
  });
});

describe('addresses', () => {
  test('are unique, within the range, and never its first or last', () => {
    const given: string[] = [];
    for (;;) {
      const grant = allocateAddress('100.64.3.0/29', given);
      if (!grant.ok) break;
      given.push(grant.address);
    }
    expect(given).toEqual([1, 2, 3, 4, 5, 6].map((host) => `100.64.3.${host}`));
    expect(allocateAddress('100.64.3.0/29', given)).toEqual({ ok: false, reason: 'range-full' });
  });

  test('given back, are given again', () => {
    expect(allocateAddress('100.64.3.0/24', ['100.64.3.1', '100.64.3.3'])).toEqual({
      ok: true,
      address: '100.64.3.2',
    });
  });
});

describe('texts', () => {
  test('addresses above 2^31 stay positive', () => {
    expect(formatAddress(parseCidr('255.255.255.255/32').first)).toBe('255.255.255.255');
    expect(parseCidr('203.0.113.77/24').first).toBe(0xcb007100);
  });
  test.each(['10.0.0', '10.0.0.256', '10.0.0.0/33', '10.0.0.0/', ' 10.0.0.0/8', '::/0'])(
    '%s is refused',
    (text) => {
      expect(() => parseCidr(text.includes('/') ? text : `${text}/8`)).toThrow(RangeError);
    },
  );
});
