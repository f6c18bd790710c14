/** The lab process over the kernel, from AWS's client down to packets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Seen } from './main.inside.ts';
import { resultsFromInside } from './seal/inside.ts';

let directory: string;
let seen: Seen;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-lab-main-'));
  seen = await resultsFromInside<Seen>(new URL('./main.inside.ts', import.meta.url), { directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('user-data given to RunInstances really ran, and the instance knows its own id', () => {
  expect(seen.userData).toMatch(/user data of ip-10-64-0-\d/);
  expect(seen.metadata).toBe('its own id');
});

test('a security group decides, from the call that changes it on', () => {
  expect([seen.pingBefore, seen.pingAllowed, seen.pingRevoked]).toEqual([false, true, false]);
});

test('an Elastic IP address reaches the instance from outside, and its name answers', () => {
  expect(seen.publicAddress).toEqual({ inApi: true, fromOutside: 'reached' });
  expect(seen.name).toBe('its public address');
});

test('a lab that was killed goes on with the same instances, and their user-data is not run again', () => {
  expect(seen.afterKill).toEqual({ killedBy: 'SIGKILL', sameInstances: true, startedOnce: true, runs: true });
});

test('ended instances leave nothing, and the lab ends in order', () => {
  expect(seen.terminated).toEqual({ states: ['terminated', 'terminated'], machines: 0 });
  expect(seen.afterEnd).toEqual({ exit: 0, namespaces: '' });
});
