import { expect, test } from 'vitest';
import { Strangers } from './strangers.ts';

test('one address cannot take all places, and who goes out makes room once', () => {
  const strangers = new Strangers({ inAll: 3, fromOneAddress: 2 });
  const [first, second] = [strangers.enter('a'), strangers.enter('a')];
  expect([typeof first, typeof second, strangers.enter('a')]).toEqual(['function', 'function', undefined]);
  expect(strangers.enter('b')).toBeDefined();
  expect(strangers.enter('c')).toBeUndefined();
  first?.();
  first?.();
  expect(strangers.enter('a')).toBeDefined();
  expect([strangers.enter('a'), strangers.enter('c')]).toEqual([undefined, undefined]);
});
