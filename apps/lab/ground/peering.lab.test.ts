import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultsFromInside } from '../seal/inside.ts';
import type { Seen } from './peering.inside.ts';

let directory: string;
let seen: Seen;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-peering-'));
  seen = await resultsFromInside<Seen>(new URL('./peering.inside.ts', import.meta.url), { directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const PEERED = {
  'a1 to 10.64.16.11': true,
  'b1 to 10.64.0.11': true,
  // Its security group lets in its own realm only.
  'a1 to 10.64.16.12': false,
  'a1 to 10.64.16.99': false,
  // Not peered, though each would route to the other through b.
  'a1 to 10.64.32.11': false,
  'c1 to 10.64.0.11': false,
  'c1 to 10.64.16.11': true,
  'b1 to 10.64.32.11': true,
};

test('peered realms reach each other by private addresses as their groups allow, and nobody through them', () => {
  expect(seen.log).toEqual([]);
  expect(seen.peered).toEqual(PEERED);
  expect(seen.spoofed).toBe(false);
});

test('none of it crosses the internet, which the same capture saw at work', () => {
  expect(seen.capture.overPeering).toBe(0);
  expect(seen.capture.overInternet).toBeGreaterThan(0);
});

test('where one end does not route back nothing is answered', () => {
  expect(seen.routedOneWay).toEqual({ ...PEERED, 'a1 to 10.64.16.11': false, 'b1 to 10.64.0.11': false });
});

test('a peering taken back passes nothing and leaves no link; made again, it passes as before', () => {
  expect(seen.unpeered).toEqual({ ...PEERED, 'a1 to 10.64.16.11': false, 'b1 to 10.64.0.11': false });
  expect(seen.links).toEqual({ peered: true, unpeered: false });
  expect(seen.again).toEqual(PEERED);
});

test('a realm that goes takes its peerings along and leaves the others whole', () => {
  expect(seen.gone).toEqual({
    'b1 to 10.64.0.11': false,
    'c1 to 10.64.0.11': false,
    'c1 to 10.64.16.11': true,
    'b1 to 10.64.32.11': true,
  });
});
