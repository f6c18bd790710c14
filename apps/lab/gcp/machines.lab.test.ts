/** Instances made through Google's API are machines in the kernel: they boot, see their cloud, and its rules hold. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import type { Seen } from './machines.inside.ts';

let directory: string;
let seen: Seen;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-gcp-lab-'));
  seen = await resultsFromInside<Seen>(new URL('./machines.inside.ts', import.meta.url), { directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('the startup script ran and read its metadata; the serial port shows it', () => {
  expect(seen.log).toEqual([]);
  expect(seen.serial).toContain('server boots');
});

test('names and addresses are those the cloud gives', () => {
  expect(seen.from).toEqual({
    'private name in the network': '10.64.0.2',
    'public name from the public resolver': expect.stringMatching(/^198\.18\.1\d\d\.\d+$/),
    'instance name': '10.64.1.2',
    'own address': '10.64.0.2',
    'external address by metadata': seen.from['public name from the public resolver'],
  });
});

test('firewall rules hold in the kernel: source tags, priorities, denials', () => {
  expect(seen.reach).toEqual({
    'client to server, the allowed port': true,
    'far to server, the allowed port': false,
    'client to server, ping': true,
    'far to server, ping denied by priority': false,
    'server to client, ping not allowed': false,
    'client to the server’s public address, ping': true,
  });
});

test('stopped and started it runs again; deleted, nothing is left', () => {
  expect(seen.stoppedAndStarted).toEqual({ stopped: true, runsAgain: 'RUNNING' });
  expect(seen.gone).toEqual({ statuses: [404, 404, 404], namespaces: [] });
});
