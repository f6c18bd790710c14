import { expect, it } from 'vitest';
import { eachOf } from './each-of.ts';

it('does every item, and no more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

it('begins nothing after a failure, and fails with it', async () => {
  const begun: number[] = [];
  const doing = eachOf([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item);
    await Promise.resolve();
    if (item === 2) throw new Error('two');
  });
  await expect(doing).rejects.toThrow('two');
  expect(begun.length).toBeLessThan(6);
});
