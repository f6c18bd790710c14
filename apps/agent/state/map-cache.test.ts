import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmdirSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkMap, SignedMap } from '@skein/contract/agent/map.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { openPrivateKey, openPublicKey, publicKeyOf, signMap } from '@skein/mesh/map/sign.ts';
import { expect, test } from 'vitest';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import { newSeed } from './keys.ts';
import { mapOfChain, openMapCache } from './map-cache.ts';

const key = openPrivateKey(newSeed('ed25519'));
const own = { networkId: 'net_test', peerId: 'peer_a1', mapKey: openPublicKey(publicKeyOf(key)) };
const second: NetworkMap = { ...gatewayMap, number: 8, names: [] };
const third: NetworkMap = { ...second, number: 9, peers: [peerB1] };
const whole = (value: NetworkMap) => signMap({ kind: 'map', value }, key);
const delta = (from: NetworkMap, to: NetworkMap) => {
  const value = deltaBetween(from, to);
  if (!value) throw new Error('no change');
  return signMap({ kind: 'delta', value }, key);
};
const links = [whole(gatewayMap), delta(gatewayMap, second), delta(second, third)];

const newFile = () => join(mkdtempSync(join(tmpdir(), 'skein-map-cache-')), 'map.chain');
const keepAll = async (file: string, signed: readonly SignedMap[]) => {
  const cache = await openMapCache(own, file);
  for (const one of signed) await cache.keep(one);
  return cache;
};
const mapIn = async (file: string) => (await openMapCache(own, file)).map;

test('a whole map and its deltas prove the map held; a new whole map begins anew', async () => {
  const file = newFile();
  expect(await mapIn(file)).toBeUndefined();
  const cache = await keepAll(file, links);
  expect(cache.length()).toBe(3);
  expect(await mapIn(file)).toEqual(third);
  expect((await keepAll(file, [])).length()).toBe(3);
  expect((await keepAll(file, [whole(third)])).length()).toBe(1);
  expect(await mapIn(file)).toEqual(third);
});

test('a delta adds its own bytes to the file and rewrites nothing', async () => {
  const file = newFile();
  await keepAll(file, links.slice(0, 2));
  const before = readFileSync(file, 'utf8');
  await keepAll(file, links.slice(2));
  expect(readFileSync(file, 'utf8')).toBe(`${before}\n${JSON.stringify(links[2])}`);
});

test('a link that a crash cut off leaves the map before it, from which it goes on', async () => {
  const file = newFile();
  await keepAll(file, links);
  truncateSync(file, readFileSync(file).length - 9);
  expect(await mapIn(file)).toEqual(second);
  const fourth: NetworkMap = { ...third, number: 10 };
  await keepAll(file, [delta(second, fourth)]);
  expect(await mapIn(file)).toEqual(fourth);
});

test('after a link that could not be written what is there proves the older map, until a whole one comes', async () => {
  const file = newFile();
  const [first, middle, last] = links;
  if (!first || !middle || !last) throw new Error('unreachable');
  const cache = await keepAll(file, [first]);
  const aside = `${file}.aside`;
  renameSync(file, aside);
  mkdirSync(file);
  await expect(cache.keep(middle)).rejects.toThrow('EISDIR');
  rmdirSync(file);
  renameSync(aside, file);
  await cache.keep(last);
  expect(cache.length()).toBe(3);
  expect(await mapIn(file)).toEqual(gatewayMap);
  await cache.keep(whole(third));
  expect(await mapIn(file)).toEqual(third);
});

test('a chain with a link missing, changed or of another network proves nothing', () => {
  const [first, middle, last] = links;
  if (!first || !middle || !last) throw new Error('unreachable');
  expect(mapOfChain([first, last], own)).toBeUndefined();
  expect(mapOfChain([middle, last], own)).toBeUndefined();
  const changed = { ...middle, payload: middle.payload.replace('"base":7', '"base": 7') };
  expect(changed.payload).not.toBe(middle.payload);
  expect(mapOfChain([first, changed, last], own)).toBeUndefined();
  expect(mapOfChain(links, { ...own, networkId: 'net_other' })).toBeUndefined();
  expect(mapOfChain([], own)).toBeUndefined();
});
