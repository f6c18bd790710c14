import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import type { Restarted } from './restart.inside.ts';

let directory: string;
let seen: Restarted;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-restart-'));
  seen = await resultsFromInside<Restarted>(new URL('./restart.inside.ts', import.meta.url), { directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('machines live and reach each other while no lab process does', () => {
  expect(seen.log).toEqual([]);
  expect(seen.flowsWithoutLab).toBe(true);
});

test('a new lab process adopts what stands: same processes, user-data not run again, names served', () => {
  expect(seen.adopted).toEqual({
    samePids: true,
    states: Array(6).fill('running'),
    ran: 'ran\n',
    name: '10.64.0.11',
    unchangedMilliseconds: expect.any(Number),
  });
  expect(seen.adopted.unchangedMilliseconds).toBeLessThan(200);
});

test('and converges on what is wanted then', () => {
  expect(seen.changed).toEqual({ pings: true, gone: true });
});

test('a machine whose processes ended boots again from its disk', () => {
  expect(seen.reboot).toEqual({ samePid: false, ran: 'ran\nagain\n', exit: 7 });
});

test('machines of a place that ended are switched on again, disks and all; a deleted one leaves no disk', () => {
  expect(seen.switchedOn).toEqual({ ran: 'ran\nagain\nagain\n', disksAfterDeletion: [] });
});

test('killed at any moment of its work, the next one ends in the same place and leaves nothing', () => {
  // The fault must have bitten: most kills hit a lab process at work.
  expect(seen.sweep.filter(({ killedDuring }) => killedDuring).length).toBeGreaterThanOrEqual(3);
  for (const { reaches, namespaces, left } of seen.sweep) {
    expect(reaches).toEqual([true, true, false, true]);
    expect(namespaces).toEqual([
      'edge-dev',
      'edge-prod',
      'internet',
      'node-d1',
      'node-p1',
      'node-p2',
      'node-p3',
      'outside',
    ]);
    expect(left).toEqual([]);
  }
});
