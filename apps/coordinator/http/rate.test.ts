import { expect, test } from 'vitest';
import { callerOf, RateLimiter } from './rate.ts';

const limit = { burst: 3, perSecond: 1, most: 2 };
const takes = (limiter: RateLimiter, address: string, at: number, count: number) =>
  Array.from({ length: count }, () => limiter.take(address, at));

test('a burst goes through, then one a second', () => {
  const limiter = new RateLimiter(limit);
  expect(takes(limiter, 'a', 0, 4)).toEqual([true, true, true, false]);
  expect(takes(limiter, 'a', 999, 1)).toEqual([false]);
  expect(takes(limiter, 'a', 1000, 2)).toEqual([true, false]);
  expect(takes(limiter, 'a', 60_000, 4)).toEqual([true, true, true, false]);
});

test('addresses do not share, and the one unheard of longest is forgotten first', () => {
  const limiter = new RateLimiter(limit);
  takes(limiter, 'a', 0, 4);
  takes(limiter, 'b', 0, 4);
  expect(takes(limiter, 'a', 0, 1)).toEqual([false]);
  takes(limiter, 'c', 0, 1);
  expect([limiter.take('a', 0), limiter.take('b', 0)]).toEqual([false, true]);
});

test('who has a whole IPv6 network is one caller', () => {
  const callers = [
    '198.51.100.7',
    '::ffff:198.51.100.7',
    '2001:db8:0:1::7',
    '2001:db8:0:1:a:b:c:d',
    '2001:db8::7',
  ];
  expect([...new Set(callers.map(callerOf))]).toEqual([
    '198.51.100.7',
    '2001:db8:0:1::/64',
    '2001:db8:0:0::/64',
  ]);
});
