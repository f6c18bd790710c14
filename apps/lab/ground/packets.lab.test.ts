import { execFile } from 'node:child_process';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import { mustPass, PUBLIC, probes } from './packets.fixture.ts';
import type { Seen } from './packets.inside.ts';

const run = promisify(execFile);
const NOBODY = 65_534;
const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const hostNamespaces = async () => (await run('ip', ['netns', 'list'])).stdout;

describe.each([
  ['root', undefined],
  ['an unprivileged user', NOBODY],
] as const)('a sealed place made by %s', (_who, userId) => {
  let directory: string;
  let seen: Seen;
  let mountsBefore: string;
  let namespacesBefore: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-ground-'));
    if (userId !== undefined) await chown(directory, userId, userId);
    mountsBefore = await readFile('/proc/self/mountinfo', 'utf8');
    namespacesBefore = await hostNamespaces();
    seen = await resultsFromInside<Seen>(
      new URL('./packets.inside.ts', import.meta.url),
      { directory, repository },
      userId === undefined ? {} : { userId },
    );
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('runs in the user namespace expected, and nothing went wrong on the way', () => {
    expect(seen.uid).toBe(userId === undefined ? '0 0 4294967295' : `0 ${userId} 1`);
    expect(seen.log).toEqual([]);
  });

  test('every pair reaches each other exactly where the security groups allow it, and again after a second realise', () => {
    const expected = Object.fromEntries(
      probes.map((probe) => [`${probe.from} to ${probe.address} ${probe.how}`, mustPass(probe)]),
    );
    // The table must hold both verdicts in number, or it proves nothing.
    expect(Object.values(expected).filter(Boolean).length).toBeGreaterThan(20);
    expect(Object.values(expected).filter((passes) => !passes).length).toBeGreaterThan(60);
    expect(seen.matrix).toEqual(expected);
    expect(seen.matrixAgain).toEqual(expected);
  });

  test('a foreign source address passes only where the check is off', () => {
    expect(seen.spoofed).toEqual({ fromPlain: false, fromForwarder: true });
  });

  test('a permission taken back cuts living flows; given again, they go on', () => {
    const all = (value: boolean) => ({ udp: value, tcp: value, internet: value });
    expect(seen.flows).toEqual({ before: all(true), taken: all(false), given: all(true) });
  });

  test('a public address that moves takes its flows along', () => {
    expect(seen.moved).toEqual({ before: 'p3-host', after: 'p2-host' });
  });

  test('names answer by view', () => {
    expect(seen.names).toEqual({
      inProd: '10.64.0.11',
      inProdNoInternet: '10.64.0.11',
      inTwin: PUBLIC.p1,
      inDev: PUBLIC.p1,
      publicResolver: PUBLIC.p1,
      missing: 'NXDOMAIN',
      library: expect.stringMatching(/^10\.64\.0\.11\s+p1\.net\.example$/),
    });
  });

  test('user-data runs once, its output and exit are kept, what it started lives on, orphans are reaped', () => {
    expect(seen.userData).toEqual({
      console: 'first boot of p1-host\nlab: user-data ended with 7\n',
      exit: 7,
      ran: 'ran',
      living: '1',
      zombies: '0',
    });
  });

  test('a machine sees neither the repository nor the state nor systemd, and has a tun device', () => {
    expect(seen.hidden).toBe(
      '/opt:\ntun'.replace('/opt:', seen.hidden.startsWith('/home:') ? seen.hidden.slice(0, -4) : '/opt:'),
    );
    expect(seen.hidden).not.toContain(repository);
    expect(seen.hidden).not.toContain('systemd');
  });

  test('the metadata service knows who asks, among equal addresses too', () => {
    expect(seen.metadata).toEqual({ aws: 'p2', awsTwin: 't2', gcp: 'd1' });
  });

  test('the control plane sees public addresses, and machines without one do not reach it', () => {
    expect(seen.services).toEqual({ p1: PUBLIC.p1, p2: '', t1: PUBLIC.t1, d1: PUBLIC.d1 });
  });

  test('a capture holds what crosses between the clouds, once, and nothing else', () => {
    expect(seen.capture).toEqual({ kinds: { wireguard: 2, other: 1 }, secretFrames: 1, toServices: 0 });
  });

  test('a machine is up in well under a second; a command that takes too long is ended', () => {
    expect(seen.milliseconds.oneMore).toBeLessThan(1500);
    expect(seen.milliseconds.unchanged).toBeLessThan(200);
    expect(seen.timedOut).toBe(137);
  });

  test('nothing is left, in the place after close and on the host', async () => {
    expect(seen.left).toEqual({ namespaces: [], links: ['lo'], processes: 0, mounts: true });
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
    expect(await hostNamespaces()).toBe(namespacesBefore);
  });
});
