import { expect, test } from 'vitest';
import { agoOf, bytesOf, durationOf, rttOf } from './words.ts';

test.each([
  [340, '340 ms'],
  [4_210, '4.2 s'],
  [200_000, '3 min 20 s'],
  [3_600_000 * 2 + 60_000 * 5, '2 h 5 min'],
])('%d ms took %s', (milliseconds, text) => {
  expect(durationOf(milliseconds)).toBe(text);
});

test.each([
  [-2, 'now'],
  [-12, '12 s ago'],
  [-61, '1 min ago'],
  [-7200, '2 h ago'],
  [-86_400, '1 day ago'],
  [86_400 * 3, 'in 3 days'],
])('%d s from now is %s', (seconds, text) => {
  expect(agoOf(seconds * 1000, 0)).toBe(text);
});

test.each([
  [512, '512 B'],
  [1_400, '1.4 KB'],
  [20_000_000, '20.0 MB'],
  [184_000_000, '184 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesOf(bytes)).toBe(text);
});

test.each([
  [null, '–'],
  [0.418, '0.42 ms'],
  [12.34, '12.3 ms'],
  [140.2, '140 ms'],
])('a round trip of %s ms is told as %s', (milliseconds, text) => {
  expect(rttOf(milliseconds)).toBe(text);
});
