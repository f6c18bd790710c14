import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { expect, test } from 'vitest';
import { renderFilter } from '../filter/render.ts';
import { gatewayMap, keyOf, peerA2, peerB1 } from '../fixture/map.ts';
import { changeover } from './changeover.ts';

const peerC1 = {
  ...peerB1,
  id: 'peer_c1',
  clusterId: 'clu_c',
  wireguardKey: keyOf(4),
  overlayAddress: '100.64.3.11',
  allowedIps: ['100.64.3.0/24'],
};
/** All goes by b, which passes on what is for c. */
const byB: NetworkMap = {
  ...gatewayMap,
  peers: [peerA2, { ...peerB1, allowedIps: ['100.64.2.0/24', '100.64.3.0/24'] }],
};
const hub = (map: NetworkMap): NetworkMap => ({ ...map, number: 8, self: { ...map.self, topology: 'hub' } });
const carried = (map: NetworkMap | undefined) =>
  map?.peers.map((peer) => `${peer.id}: ${peer.allowedIps.join(', ')}`);

test('new peers are met before the prefixes move, and those that are left are left then', () => {
  const after = hub({
    ...byB,
    peers: [peerA2, { ...peerC1, allowedIps: ['100.64.2.0/24', '100.64.3.0/24', '100.64.4.0/24'] }],
  });
  const between = changeover(byB, after);
  expect(carried(between)).toEqual([
    'peer_a2: 100.64.1.12/32',
    'peer_b1: 100.64.2.0/24, 100.64.3.0/24',
    'peer_c1: 100.64.4.0/24',
  ]);
  expect(between?.self).toEqual(after.self);
});

test('what goes by either of the ways is passed on meanwhile', () => {
  const transit = hub({ ...byB, peers: [peerA2, { ...peerC1, allowedIps: ['100.64.2.0/24'] }] });
  expect(changeover(transit, byB)?.self.topology).toBe('hub');
  expect(changeover(byB, transit)?.self.topology).toBe('hub');
  const full: NetworkMap = {
    ...transit,
    self: { ...transit.self, topology: 'full', forwards: false, passing: [], planes: 2 },
    addressSets: [{ id: 'peer:c1', cidrs: ['100.64.3.11/32'] }],
  };
  for (const between of [changeover(byB, full), changeover(full, byB)]) {
    expect(between?.self).toMatchObject({ forwards: true, passing: byB.self.passing, planes: 2 });
    expect(renderFilter(between as NetworkMap)).toContain('jump begun_through');
  }
});

test('who was reached by a gateway and is spoken with directly in another topology moves, a new member does not', () => {
  const alone = { ...peerA2, id: 'peer_b2', wireguardKey: keyOf(6), allowedIps: ['100.64.2.12/32'] };
  const full: NetworkMap = {
    ...byB,
    self: { ...byB.self, topology: 'full', forwards: false },
    peers: [peerA2, { ...peerB1, allowedIps: ['100.64.2.11/32'] }, alone],
  };
  expect(carried(changeover(byB, full))).toEqual([
    'peer_a2: 100.64.1.12/32',
    'peer_b1: 100.64.2.0/24, 100.64.3.0/24',
    'peer_b2: ',
  ]);
  expect(carried(changeover(full, byB))).toEqual([
    'peer_a2: 100.64.1.12/32',
    'peer_b1: 100.64.2.11/32',
    'peer_b2: 100.64.2.12/32',
  ]);
  expect(changeover(byB, { ...byB, peers: [...byB.peers, alone] })).toBeUndefined();
});

test('a prefix that moves between two who both stay is waited for too; a key that is new is used at once', () => {
  const after = { ...byB, peers: [peerA2, { ...peerB1, wireguardKey: keyOf(9) }, peerC1] };
  const between = changeover(byB, after);
  expect(carried(between)).toEqual([
    'peer_a2: 100.64.1.12/32',
    'peer_b1: 100.64.2.0/24, 100.64.3.0/24',
    'peer_c1: ',
  ]);
  expect(between?.peers[1]?.wireguardKey).toBe(keyOf(9));
});

test('nothing waits where nothing moves, nor for one who was removed', () => {
  expect(changeover(byB, byB)).toBeUndefined();
  expect(changeover(gatewayMap, { ...gatewayMap, peers: [peerA2, peerB1, peerC1] })).toBeUndefined();
  expect(changeover(byB, { ...byB, peers: [peerA2] })).toBeUndefined();
  // Of the same topology: b is gone, c carries all that it carried.
  const removed = { ...byB, peers: [peerA2, { ...peerC1, allowedIps: ['100.64.2.0/24', '100.64.3.0/24'] }] };
  expect(changeover(byB, removed)).toBeUndefined();
});
