/** Virtual machines made through Azure's API are machines in the kernel: they boot, see their cloud, its rules hold. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import type { Seen } from './machines.inside.ts';

let directory: string;
let seen: Seen;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-azure-lab-'));
  seen = await resultsFromInside<Seen>(new URL('./machines.inside.ts', import.meta.url), { directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('custom data ran and read its metadata', () => {
  expect(seen.log).toEqual([]);
  expect(seen.consoles).toEqual(['server boots', 'client boots', 'far boots']);
});

test('names and addresses are those the cloud gives', () => {
  expect(seen.from).toEqual({
    'private name in the network': expect.stringMatching(/^10\.64\.0\.[45]$/),
    'public name from the public resolver': expect.stringMatching(/^198\.19\.\d+\.\d+$/),
    'own address': `${seen.from['private name in the network']}/24`,
    'public address by metadata': seen.from['public name from the public resolver'],
  });
});

test('security groups hold in the kernel: priorities, denials, defaults', () => {
  expect(seen.reach).toEqual({
    'client to server, the allowed port': true,
    'client to server, the allowed port, by the public address': false,
    'far to server, the allowed port': false,
    'client to server, ping': true,
    'far to server, ping denied by priority': false,
    'far to client, as neighbours may by default': true,
    'server to client’s public address, closed by default': false,
  });
});

test('switched off and on it runs again; the group’s end leaves nothing', () => {
  expect(seen.switched).toEqual({ off: true, runsAgain: 'PowerState/running' });
  expect(seen.gone).toEqual({ group: true, namespaces: [] });
});
