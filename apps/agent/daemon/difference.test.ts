import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { applyDelta, deltaBetween } from '@skein/mesh/map/delta.ts';
import { expect, test } from 'vitest';
import { gatewayMap, keyOf, peerA2, peerB1 } from '../fixture/map.ts';
import { differenceOf } from './difference.ts';

/** As an agent comes to it: by a delta. */
function after(change: Partial<NetworkMap>): NetworkMap {
  const delta = deltaBetween(gatewayMap, { ...gatewayMap, number: 8, ...change });
  const applied = delta && applyDelta(gatewayMap, delta);
  if (!applied?.ok) throw new Error('no change');
  return applied.map;
}

test('a peer that moved or has another key concerns its tunnel alone', () => {
  const moved = { ...peerB1, endpoints: peerB1.endpoints.slice(1) };
  expect(differenceOf(gatewayMap, after({ peers: [peerA2, moved] }))).toEqual({
    changed: [moved],
    gone: [],
    ways: false,
  });
  const rekeyed = { ...peerB1, wireguardKey: keyOf(9) };
  expect(differenceOf(gatewayMap, after({ peers: [peerA2, rekeyed] }))?.ways).toBe(false);
  expect(differenceOf(gatewayMap, after({ names: [] }))).toEqual({ changed: [], gone: [], ways: false });
});

test('peers that come, go, or carry other ranges concern routes', () => {
  expect(differenceOf(gatewayMap, after({ peers: [peerA2] }))).toEqual({
    changed: [],
    gone: [peerB1],
    ways: true,
  });
  const third = { ...peerA2, id: 'peer_a3', overlayAddress: '100.64.1.13', allowedIps: ['100.64.1.13/32'] };
  expect(differenceOf(gatewayMap, after({ peers: [peerA2, third, peerB1] }))).toEqual({
    changed: [third],
    gone: [],
    ways: true,
  });
  const wider = { ...peerB1, allowedIps: [...peerB1.allowedIps, '100.64.3.0/24'] };
  expect(differenceOf(gatewayMap, after({ peers: [peerA2, wider] }))?.ways).toBe(true);
});

test('whatever else differs is for the whole', () => {
  expect(differenceOf(gatewayMap, after({ self: { ...gatewayMap.self, mtu: 1400 } }))).toBeUndefined();
  expect(differenceOf(gatewayMap, { ...gatewayMap, epoch: 99 })).toBeUndefined();
  const [set] = gatewayMap.addressSets;
  if (!set) throw new Error('the fixture has no address set');
  const sets = [{ ...set, cidrs: [...set.cidrs, '100.64.9.0/24'] }, ...gatewayMap.addressSets.slice(1)];
  expect(differenceOf(gatewayMap, after({ addressSets: sets }))).toBeUndefined();
});
