import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { openPrivateKey, openPublicKey, publicKeyOf, signMap } from '@skein/mesh/map/sign.ts';
import { expect, test } from 'vitest';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import { newSeed } from './keys.ts';
import { type Chain, extendChain, mapOfChain } from './map-cache.ts';

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

test('a whole map and its deltas prove the map held; a new whole map begins anew', () => {
  const chain = links.reduce<Chain>(extendChain, []);
  expect(chain).toHaveLength(3);
  expect(mapOfChain(chain, own)).toEqual(third);
  expect(extendChain(chain, whole(third))).toHaveLength(1);
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
