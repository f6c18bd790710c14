import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { findOrMakeOne } from './only-one.ts';
import { CloudError } from './provider.ts';
import { resumeInMemory } from './resume-in-memory.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function soon<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  await vi.runAllTimersAsync();
  return work;
}

const context = () => ({
  signal: new AbortController().signal,
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});

/** A cloud that holds these, of which some are in use. */
function cloudOf(ids: string[], used: string[] = []) {
  const held = new Set(ids);
  return {
    held,
    steps: {
      what: 'the thing',
      find: async () => [...held].map((id) => ({ id })),
      make: async () => {
        held.add('made');
        return 'made';
      },
      undo: async (id: string) => {
        if (used.includes(id)) throw new CloudError('in-use', `${id} is in use.`);
        held.delete(id);
      },
    },
  };
}

it.each<{ held: string[]; used: string[]; left: string }>([
  { held: [], used: [], left: 'made' },
  { held: ['b'], used: [], left: 'b' },
  { held: ['b', 'a', 'c'], used: [], left: 'a' },
  { held: ['a', 'b', 'c'], used: ['b'], left: 'b' },
  { held: ['a', 'b'], used: ['a'], left: 'a' },
])('of $held, with $used in use, $left is left', async ({ held, used, left }) => {
  const cloud = cloudOf(held, used);
  expect(await soon(findOrMakeOne(cloud.steps, context()))).toEqual({ id: left });
  expect([...cloud.held]).toEqual([left]);
});

it('takes none away where two are in use, and names them', async () => {
  const cloud = cloudOf(['a', 'b', 'c'], ['a', 'c']);
  await expect(soon(findOrMakeOne(cloud.steps, context()))).rejects.toThrow(/in use: c, a/);
  expect([...cloud.held]).toEqual(['a', 'c']);
});

it('takes none away on the word of one list that is behind', async () => {
  const cloud = cloudOf(['b']);
  const now = cloud.steps.find;
  const lists = [[{ id: 'a' }, { id: 'b' }]];
  cloud.steps.find = async () => lists.pop() ?? now();
  expect(await soon(findOrMakeOne(cloud.steps, context()))).toEqual({ id: 'b' });
  expect([...cloud.held]).toEqual(['b']);
});
