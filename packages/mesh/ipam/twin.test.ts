import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatCidr, overlaps, parseCidr } from './cidr.ts';
import { formatSix, parseSix } from './six.ts';
import { twinsOf } from './twin.ts';

const cidr = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
  .map(([first, prefixLength]) => formatCidr({ first, prefixLength }))
  .map((text) => formatCidr(parseCidr(text)));
const words = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

/** First and last address of an IPv6 prefix, reckoned apart from the code under test. */
function bounds(text: string): [bigint, bigint] {
  const [address = '', length = '128'] = text.split('/');
  const url = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = url.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const all = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  const first = all.reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n);
  return [first, first + 2n ** BigInt(128 - Number(length)) - 1n];
}

describe('twins', () => {
  test('a network’s range is a local one of 40 hashed bits', () => {
    const hex = createHash('sha256').update('net_1').digest('hex');
    const [first] = bounds(twinsOf('net_1').cidr);
    expect(first.toString(16)).toBe(`fd${hex.slice(0, 10)}${'0'.repeat(20)}`);
    expect(twinsOf('net_1').cidr).toMatch(/\/96$/);
    expect(twinsOf('net_1').cidr).not.toBe(twinsOf('net_2').cidr);
  });

  test('end in the IPv4 address', () => {
    const twins = twinsOf('net_test');
    expect(bounds(twins.of('100.64.1.11'))[0] & 0xffffffffn).toBe(0x6440010bn);
    expect(twins.ofCidr('100.64.1.0/24')).toBe(`${twins.of('100.64.1.0')}/120`);
    expect(twins.ofCidr('100.64.1.11/32')).toBe(`${twins.of('100.64.1.11')}/128`);
  });

  test('are apart where the prefixes are, and within where they are', () => {
    fc.assert(
      fc.property(cidr, cidr, fc.string(), (a, b, id) => {
        const twins = twinsOf(id);
        const [x, y] = [bounds(twins.ofCidr(a)), bounds(twins.ofCidr(b))];
        expect(x[0] <= y[1] && y[0] <= x[1]).toBe(overlaps(a, b));
        expect(x[0] <= y[0] && y[1] <= x[1]).toBe(contains(a, b));
        const whole = bounds(twins.cidr);
        expect(whole[0] <= x[0] && x[1] <= whole[1]).toBe(true);
      }),
    );
  });

  test('lead back to the address, and no other address does', () => {
    const twins = twinsOf('net_test');
    fc.assert(
      fc.property(words, cidr, (other, prefix) => {
        expect(twins.origin(twins.ofCidr(prefix))).toBe(prefix.split('/')[0]);
        const [whole, last] = bounds(twins.cidr);
        const [at] = bounds(formatSix(other));
        expect(twins.origin(formatSix(other)) !== undefined).toBe(whole <= at && at <= last);
      }),
    );
  });
});

describe('IPv6 addresses as text', () => {
  test('are written as everybody writes them, and read in every spelling', () => {
    fc.assert(
      fc.property(words, (some) => {
        const text = formatSix(some);
        expect(isIPv6(text)).toBe(true);
        expect(text).toBe(
          new URL(`http://[${some.map((word) => word.toString(16)).join(':')}]/`).hostname.slice(1, -1),
        );
        expect(parseSix(text)).toEqual(some);
        expect(
          parseSix(some.map((word) => word.toString(16).padStart(4, '0').toUpperCase()).join(':')),
        ).toEqual(some);
      }),
    );
    expect(formatSix(parseSix('fd00::100.64.1.11'))).toBe('fd00::6440:10b');
    expect(parseSix('::')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test.each([
    '',
    ':',
    '1:2',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'g::',
    '10.0.0.1',
    '::1.2.3',
    'fe80::1%eth0',
  ])('%s is refused', (text) => {
    expect(() => parseSix(text)).toThrow(RangeError);
  });
});
