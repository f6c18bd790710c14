import type { MapPeer } from '@skein/contract/agent/map.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains } from '../ipam/cidr.ts';
import { type ClusterPart, type MeshPeer, peerIn, type Snapshot, snapshotOf } from '../network.ts';
import { anyRows, PRACTICE, peer, toSnapshot } from '../testing/networks.ts';
import { gatewaysOf, rankOf, workOf } from './gateways.ts';
import { linksOf, planesOf } from './links.ts';
import { graphOf } from './plan.ts';
import { pathBetween } from './ways.ts';

const linkText = (link: MapPeer) =>
  `${link.id} on ${link.plane} carries ${link.allowedIps.join(' ')} at ${link.endpoints.map((one) => `${one.kind} ${one.address}:${one.port}`).join(', ') || 'nowhere'} keepalive ${link.keepaliveSeconds}`;

function linksFrom(peerId: string): string[] {
  for (const part of PRACTICE.parts.values()) {
    const self = peerIn(PRACTICE, part.cluster.id, peerId);
    if (self) return linksOf(PRACTICE, part, self).map(linkText);
  }
  throw new Error(`no ${peerId}`);
}

test.each([
  [
    'a gateway: its mates, and the gateways of clusters that have some',
    'peer_prod_gw-1',
    [
      'peer_dr_gw-1 on 0 carries 100.64.1.0/24 100.64.1.1/32 at nowhere keepalive 25',
      'peer_dr_gw-2 on 1 carries 100.64.1.0/24 100.64.1.2/32 at public 203.0.113.9:51820 keepalive 25',
      'peer_prod_node-1 on 0 carries 100.64.0.2/32 at private 10.64.0.11:51820, public 203.0.113.2:51820 keepalive 25',
      'peer_prod_node-2 on 0 carries 100.64.0.3/32 at private 10.64.0.12:51820 keepalive 25',
    ],
  ],
  [
    'a member: its mates, and everything else through its gateway',
    'peer_prod_node-1',
    [
      'peer_prod_gw-1 on 0 carries 100.64.0.1/32 100.64.0.0/16 at private 10.64.0.10:51820, public 203.0.113.1:51820 keepalive 25',
      'peer_prod_node-2 on 0 carries 100.64.0.3/32 at private 10.64.0.12:51820 keepalive 0',
    ],
  ],
  [
    'a gateway of the second rank calls everybody at the port of their second interface',
    'peer_dr_gw-2',
    [
      'peer_dr_gw-1 on 0 carries 100.64.1.1/32 at private 10.64.16.10:51821 keepalive 25',
      'peer_prod_gw-1 on 0 carries 100.64.0.0/24 at public 203.0.113.1:51821 keepalive 25',
    ],
  ],
  [
    'a member of plain hosts without a gateway: no way out, and a NAT may stand between mates',
    'peer_dev_node-1',
    ['peer_dev_node-2 on 0 carries 100.64.2.2/32 at private 192.168.7.5:51820 keepalive 25'],
  ],
])('%s', (_, peerId, expected) => {
  expect(linksFrom(peerId)).toEqual(expected);
});

test('IPv6 is tried after private addresses and before public ones, from everywhere', () => {
  const snapshot = snapshotOf(
    1,
    PRACTICE.network,
    [...PRACTICE.parts.values()].map((part) => part.cluster),
    [...PRACTICE.parts.values()]
      .flatMap((part) => part.peers)
      .map((one) => ({
        ...one,
        endpoints: [...one.endpoints, { kind: 'global' as const, address: '2001:db8::1', port: 51820 }],
      })),
  );
  const kinds = (cluster: string, peerId: string) => {
    const part = snapshot.parts.get(cluster);
    const self = peerIn(snapshot, cluster, peerId);
    if (!part || !self) throw new Error('nobody');
    return linksOf(snapshot, part, self).map(({ id, endpoints }) => [
      id,
      ...endpoints.map(({ kind }) => kind),
    ]);
  };
  expect(kinds('clu_prod', 'peer_prod_gw-1')).toEqual([
    ['peer_dr_gw-1', 'global'],
    ['peer_dr_gw-2', 'global', 'public'],
    ['peer_prod_node-1', 'private', 'global', 'public'],
    ['peer_prod_node-2', 'private', 'global'],
  ]);
});

test('gateways rank by overlay address; those beyond the last rank work as members', () => {
  const six = [6, 10, 3, 5, 4, 7].map((host) => peer('x', `gw-${host}`, `100.64.9.${host}`, {}));
  const part = { ...(PRACTICE.parts.get('clu_prod') as ClusterPart), peers: six };
  expect(gatewaysOf(part).map((one) => one.name)).toEqual(['gw-3', 'gw-4', 'gw-5', 'gw-6']);
  expect(six.map((one) => [one.name, rankOf(part, one), workOf(part, one)])).toEqual([
    ['gw-6', 3, 'gateway'],
    ['gw-10', 0, 'member'],
    ['gw-3', 0, 'gateway'],
    ['gw-5', 2, 'gateway'],
    ['gw-4', 1, 'gateway'],
    ['gw-7', 0, 'member'],
  ]);
});

test('a gateway keeps its seat when one before it goes, and the next takes what is free', () => {
  const gateway = (host: number, seat: number | null) => ({
    ...peer('x', `gw-${host}`, `100.64.9.${host}`, {}),
    seat,
  });
  const home = PRACTICE.parts.get('clu_prod') as ClusterPart;
  const ranks = (...peers: MeshPeer[]) => {
    const part = { ...home, peers };
    return gatewaysOf(part).map((one) => [one.name, rankOf(part, one)]);
  };
  const [one, two, three] = [gateway(1, 0), gateway(2, 1), gateway(3, null)];
  expect(ranks(one, two, three)).toEqual([
    ['gw-1', 0],
    ['gw-2', 1],
    ['gw-3', 2],
  ]);
  expect(ranks(two, three)).toEqual([
    ['gw-3', 0],
    ['gw-2', 1],
  ]);
  expect(ranks(two, gateway(4, 1), gateway(5, 9))).toEqual([
    ['gw-4', 0],
    ['gw-2', 1],
    ['gw-5', 2],
  ]);
});

test('on no plane is a prefix carried twice; each live gateway carries what the others carry; ports meet', () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const snapshot = toSnapshot(rows);
      for (const part of snapshot.parts.values())
        for (const self of part.peers) {
          const links = linksOf(snapshot, part, self);
          for (let plane = 0; plane < planesOf(links); plane += 1) {
            const prefixes = links.flatMap((link) => (link.plane === plane ? link.allowedIps : []));
            expect(new Set(prefixes).size).toBe(prefixes.length);
          }
          for (const target of rows.peers)
            if (target.id !== self.id)
              expect(longestMatches(links, target), `${self.id} to ${target.id}`).toEqual(
                expectedHops(snapshot, part, self, target),
              );
          for (const link of links) {
            const home = snapshot.parts.get(link.clusterId) as ClusterPart;
            const end = peerIn(snapshot, link.clusterId, link.id) as MeshPeer;
            const back = linksOf(snapshot, home, end).find((one) => one.id === self.id);
            // A tunnel is held by both its ends; each calls the port of the interface on which the other holds it.
            expect(back, `${self.id} and ${link.id}`).toBeDefined();
            for (const one of link.endpoints) expect(one.port).toBe(51820 + (back as MapPeer).plane);
          }
        }
    }),
  );
});

/** Everybody whom a packet may go to first, by the longest prefix that holds the target. */
function longestMatches(links: readonly MapPeer[], target: MeshPeer): string[] {
  const fits = links.flatMap((link) =>
    link.allowedIps
      .filter((cidr) => contains(cidr, target.overlayAddress))
      .map((cidr) => ({ id: link.id, length: Number(cidr.split('/')[1]) })),
  );
  const longest = Math.max(...fits.map((fit) => fit.length));
  return fits.flatMap((fit) => (fit.length === longest ? [fit.id] : [])).sort();
}

/** The same, said without looking at allowed IPs: by the path of clusters. */
function expectedHops(snapshot: Snapshot, part: ClusterPart, self: MeshPeer, target: MeshPeer): string[] {
  const ids = (peers: readonly MeshPeer[]) => peers.map((one) => one.id).sort();
  if (self.clusterId === target.clusterId || snapshot.network.topology === 'full') return [target.id];
  if (workOf(part, self) === 'member') return ids(gatewaysOf(part));
  const next = pathBetween(graphOf(snapshot), self.clusterId, target.clusterId)?.[1];
  const there = next === undefined ? undefined : snapshot.parts.get(next);
  if (!there) return [];
  return gatewaysOf(there).includes(target) ? [target.id] : ids(gatewaysOf(there));
}
