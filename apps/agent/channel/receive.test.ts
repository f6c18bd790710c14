import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { openPrivateKey, openPublicKey, publicKeyOf, signMap, signRemoval } from '@skein/mesh/map/sign.ts';
import { expect, test } from 'vitest';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import { newSeed } from '../state/keys.ts';
import { backoffSeconds } from './backoff.ts';
import { receive, receiveRemoval } from './receive.ts';

const key = openPrivateKey(newSeed('ed25519'));
const own = { networkId: 'net_test', peerId: 'peer_a1', mapKey: openPublicKey(publicKeyOf(key)) };
const next: NetworkMap = { ...gatewayMap, number: 9, peers: [peerB1] };
const whole = (map: NetworkMap) => signMap({ kind: 'map', value: map }, key);
const delta = (from: NetworkMap, to: NetworkMap) => {
  const value = deltaBetween(from, to);
  if (!value) throw new Error('no change');
  return signMap({ kind: 'delta', value }, key);
};

test('takes a first map, a delta, and a newer whole map', () => {
  expect(receive(whole(gatewayMap), undefined, own)).toEqual({ kind: 'map', map: gatewayMap });
  expect(receive(delta(gatewayMap, next), gatewayMap, own)).toEqual({ kind: 'map', map: next });
  expect(receive(whole(next), gatewayMap, own)).toEqual({ kind: 'map', map: next });
});

test('what is held already changes nothing', () => {
  expect(receive(whole(gatewayMap), gatewayMap, own)).toEqual({ kind: 'nothing' });
  expect(receive(delta(gatewayMap, next), next, own)).toEqual({ kind: 'nothing' });
});

test('asks for a whole map where a delta does not fit', () => {
  expect(receive(delta(gatewayMap, next), undefined, own).kind).toBe('resync');
  const other = { ...gatewayMap, number: 8 };
  expect(receive(delta(gatewayMap, next), other, own)).toEqual({ kind: 'resync', reason: 'other-base' });
  const drifted = { ...gatewayMap, names: [] };
  expect(receive(delta(gatewayMap, next), drifted, own)).toEqual({
    kind: 'resync',
    reason: 'digest-differs',
  });
});

test('believes nobody but its network’s key, and nothing old or meant for others', () => {
  const stranger = signMap({ kind: 'map', value: next }, openPrivateKey(newSeed('ed25519')));
  expect(receive(stranger, gatewayMap, own).kind).toBe('reject');
  const signed = whole(next);
  expect(receive({ ...signed, payload: `${signed.payload} ` }, gatewayMap, own).kind).toBe('reject');
  expect(receive({ ...signed, kind: 'delta' }, gatewayMap, own).kind).toBe('reject');
  expect(receive(whole({ ...next, peerId: 'peer_x' }), gatewayMap, own).kind).toBe('reject');
  expect(receive(whole({ ...next, networkId: 'net_x' }), gatewayMap, own).kind).toBe('reject');
  expect(receive(whole(gatewayMap), next, own).kind).toBe('reject');
});

test('a newer epoch begins the numbers anew, by a whole map alone; an older one is refused', () => {
  const restored: NetworkMap = { ...next, epoch: gatewayMap.epoch + 1, number: 3 };
  expect(receive(whole(restored), gatewayMap, own)).toEqual({ kind: 'map', map: restored });
  expect(receive(whole({ ...restored, number: gatewayMap.number }), gatewayMap, own).kind).toBe('map');
  const onwards = { ...restored, number: 4, names: [] };
  expect(receive(delta(restored, onwards), gatewayMap, own)).toEqual({
    kind: 'resync',
    reason: 'other-epoch',
  });
  expect(receive(delta(restored, onwards), restored, own).kind).toBe('map');
  // Whatever was signed before the restore is over, however large its number.
  expect(receive(whole({ ...next, number: 999 }), restored, own).kind).toBe('reject');
  expect(receive(delta(gatewayMap, { ...next, number: 999 }), restored, own).kind).toBe('reject');
  expect(receive(whole(restored), onwards, own).kind).toBe('reject');
});

test('a removal counts only when our network signed it for us in answer to this hello', () => {
  const removal = { networkId: 'net_test', peerId: 'peer_a1', nonce: 'n1', reason: 'gone' };
  const says = (changed: Partial<typeof removal>, nonce = 'n1', by = key) =>
    receiveRemoval(signRemoval({ ...removal, ...changed }, by), nonce, own);
  expect(says({})).toBe('gone');
  expect(says({}, 'n2')).toBeUndefined();
  expect(says({ peerId: 'peer_x' })).toBeUndefined();
  expect(says({ networkId: 'net_x' })).toBeUndefined();
  expect(says({}, 'n1', openPrivateKey(newSeed('ed25519')))).toBeUndefined();
  const signed = signRemoval(removal, key);
  expect(receiveRemoval({ ...signed, payload: `${signed.payload} ` }, 'n1', own)).toBeUndefined();
  // A map's signature is not a removal's.
  const map = whole(gatewayMap);
  expect(receiveRemoval({ payload: map.payload, signature: map.signature }, 'n1', own)).toBeUndefined();
});

test('waits longer after each failure, never over 30 s, never at one beat with others', () => {
  expect(backoffSeconds(0, 0.999999)).toBeLessThanOrEqual(1);
  expect(backoffSeconds(3, 0)).toBeLessThan(backoffSeconds(3, 0.5));
  expect(backoffSeconds(50, 0.999999)).toBeLessThanOrEqual(30);
  expect(backoffSeconds(50, 0)).toBeGreaterThanOrEqual(3);
});
