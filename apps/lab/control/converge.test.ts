import { expect, test } from 'vitest';
import type { Ground } from '../ground/ground.ts';
import { paperRealiser } from '../ground/paper.ts';
import { converge } from './converge.ts';

const ground = (id: string): Ground => ({
  realms: [{ id, cloud: 'aws', subnets: [], resolver: '10.0.0.2', internet: false }],
  peerings: [],
  machines: [],
  zones: [],
});

test('changes made while the kernel is at work come down to one more round, with what is then newest', async () => {
  let state = 'a';
  const seen: string[] = [];
  let release: () => void = () => undefined;
  const realiser = {
    ...paperRealiser(),
    realise: (given: Ground) => {
      seen.push(given.realms[0]?.id ?? '');
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    },
  };
  const converger = converge(
    () => ground(state),
    realiser,
    () => undefined,
  );
  converger.changed();
  converger.changed();
  await expect.poll(() => seen).toEqual(['a']);
  for (state of ['b', 'c', 'd']) converger.changed();
  expect(converger.standing()).toEqual({ state: 'converging' });
  release();
  await expect.poll(() => seen).toEqual(['a', 'd']);
  release();
  await expect.poll(() => converger.standing()).toEqual({ state: 'stands' });
  await converger.close();
});

test('a round that fails is reported and tried again', async () => {
  const paper = paperRealiser();
  let fail = true;
  const realiser = {
    ...paper,
    realise: (given: Ground) => (fail ? Promise.reject(new Error('no room')) : paper.realise(given)),
  };
  const reported: unknown[] = [];
  const converger = converge(
    () => ground('a'),
    realiser,
    (error) => reported.push(error),
  );
  converger.changed();
  await expect.poll(() => converger.standing()).toEqual({ state: 'failing', reason: 'no room' });
  fail = false;
  await expect.poll(() => converger.standing(), { timeout: 3000 }).toEqual({ state: 'stands' });
  expect(reported).toHaveLength(1);
  expect(paper.ground()).toEqual(ground('a'));
  await converger.close();
});
