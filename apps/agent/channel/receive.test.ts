import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { deltaBetween } from '@skein/mesh/map/delta.ts';
import { openPrivateKey, openPublicKey, publicKeyOf, signMap } from '@skein/mesh/map/sign.ts';
import { expect, test } from 'vitest';
import { gatewayMap, peerB1 } from '../fixture/map.ts';
import { newSeed } from '../state/keys.ts';
import { backoffSeconds } from './backoff.ts';
import { receive } from './receive.ts';

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

test('waits longer after each failure, never over 30 s, never at one beat with others', () => {
  expect(backoffSeconds(0, 0.999999)).toBeLessThanOrEqual(1);
  expect(backoffSeconds(3, 0)).toBeLessThan(backoffSeconds(3, 0.5));
  expect(backoffSeconds(50, 0.999999)).toBeLessThanOrEqual(30);
  expect(backoffSeconds(50, 0)).toBeGreaterThanOrEqual(3);
});
