import { expect, test } from 'vitest';
import { peerA2, peerB1 } from '../fixture/map.ts';
import { withSizes } from './sized.ts';

const peers = [peerA2, peerB1, { ...peerB1, id: 'peer_c1', allowedIps: ['100.64.3.0/24'] }];
const all = { destination: '100.64.0.0/16', planes: [0] };
const sized = (sizes: Record<string, number>) => withSizes([all], peers, (id) => sizes[id] ?? 1440, 1280);

test('one route where all paths are alike', () => {
  expect(sized({})).toEqual([{ ...all, mtu: 1440 }]);
});

test('a path that differs gets a route of its own', () => {
  expect(sized({ peer_b1: 1296 })).toEqual([
    { ...all, mtu: 1440 },
    { destination: '100.64.2.0/24', planes: [0], mtu: 1296 },
  ]);
});

test('a prefix carried by two gateways takes the smaller size, of the gateway in use alone when one is passed over', () => {
  const both = [peerB1, { ...peerB1, id: 'peer_b2', plane: 1 }];
  const mtuOf = (id: string) => (id === 'peer_b2' ? 1280 : 1440);
  const way = (planes: number[]) => [{ destination: '100.64.2.0/24', planes }];
  expect(withSizes(way([0, 1]), both, mtuOf, 1280)[0]?.mtu).toBe(1280);
  expect(withSizes(way([0]), both, mtuOf, 1280)[0]?.mtu).toBe(1440);
});

test('a member’s own cluster may take larger packets than its gateway', () => {
  const gateway = { ...peerB1, allowedIps: ['100.64.0.0/16'] };
  expect(withSizes([all], [peerA2, gateway], (id) => (id === 'peer_a2' ? 8928 : 1440), 1280)).toEqual([
    { ...all, mtu: 1440 },
    { destination: '100.64.1.12/32', planes: [0], mtu: 8928 },
  ]);
});

test('nobody to carry it: the size to begin with', () => {
  expect(withSizes([all], [], () => 1440, 1280)).toEqual([{ ...all, mtu: 1280 }]);
});
