import { expect, test } from 'vitest';
import { freeSeat } from './seat.ts';

test.each([
  [[], 0],
  [[0, 1], 2],
  [[1, 3, null], 0],
  [[0, 1, 2, 3], null],
] as const)('beside %j the next sits at %s', (taken, seat) => {
  expect(freeSeat(taken)).toBe(seat);
});
