import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Echo, openEcho } from './echo.ts';

const PORT = 51991;
let near: Echo;
let far: Echo;

beforeAll(async () => {
  const clock = () => performance.now();
  near = await openEcho('127.81.0.1', PORT, clock, () => null);
  far = await openEcho('127.81.0.2', PORT, clock, (address) =>
    address === '127.81.0.1' ? '198.51.100.1:4000' : null,
  );
});
afterAll(() => {
  near.close();
  far.close();
});

test('every size is answered for itself, with the time that it took', async () => {
  const answered = await near.ask('127.81.0.2', [128, 576, 1440, 8928], 2, 2000);
  expect([...answered.keys()].sort((a, b) => a - b)).toEqual([128, 576, 1440, 8928]);
  for (const milliseconds of answered.values()) expect(milliseconds).toBeGreaterThan(0);
});

test('the other side tells where it sees us come from, and nothing where it does not know', async () => {
  expect(near.seenBy('127.81.0.2')).toBe('198.51.100.1:4000');
  await far.ask('127.81.0.1', [128], 1, 2000);
  expect(far.seenBy('127.81.0.1')).toBeNull();
});

test('nobody there is no answer, in the time given', async () => {
  const startedAt = performance.now();
  expect((await near.ask('127.81.0.3', [128, 1440], 2, 200)).size).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(1500);
});
