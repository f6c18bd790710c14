import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { expect, test } from 'vitest';
import { type Arrangement, arrange, type Box, PEER } from './arrange.ts';

const cluster = (id: string, provider: Cluster['provider']) => ({ id, provider }) as Cluster;
const peer = (id: string, clusterId: string, role: Peer['role']) =>
  ({ id, name: id, clusterId, role }) as Peer;

const practice = () =>
  arrange(
    [cluster('production', 'aws'), cluster('recovery', 'aws'), cluster('development', 'gcp')],
    ['production', 'recovery', 'development'].flatMap((id) => [
      peer(`${id}-gw`, id, 'gateway'),
      peer(`${id}-a`, id, 'member'),
      peer(`${id}-b`, id, 'member'),
    ]),
  );
const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const boxOf = ({ x, y }: Arrangement['peers'][number]) => ({ x, y, ...PEER });

test('nothing lies on anything else, and every peer in its own cluster', () => {
  const { clouds, clusters, peers } = practice();
  const apart = (boxes: Box[]) =>
    boxes.every((one, at) => boxes.slice(at + 1).every((other) => !overlap(one, other)));
  expect(apart(clouds)).toBe(true);
  expect(apart(clusters)).toBe(true);
  expect(apart(peers.map(boxOf))).toBe(true);
  for (const one of peers)
    for (const box of clusters) expect(overlap(boxOf(one), box)).toBe(box.cluster.id === one.peer.clusterId);
});

test('a cloud stays whole, and gateways look to the middle', () => {
  const { clouds, peers } = practice();
  expect(clouds.map(({ id }) => id)).toEqual(['left aws', 'right gcp']);
  const x = (id: string) => peers.find((one) => one.peer.id === id)?.x ?? Number.NaN;
  expect(x('production-gw')).toBeGreaterThan(x('production-a'));
  expect(x('development-gw')).toBeLessThan(x('development-a'));
});

test('a cloud alone takes both sides', () => {
  const { clouds } = arrange([cluster('one', 'aws'), cluster('two', 'aws'), cluster('three', 'aws')], []);
  expect(clouds.map(({ id }) => id)).toEqual(['left aws', 'right aws']);
});

test('where there is no room for two columns there is one', () => {
  const { clouds } = arrange([cluster('one', 'aws'), cluster('two', 'gcp')], [], true);
  expect(clouds.map(({ id }) => id)).toEqual(['left aws', 'left gcp']);
});
