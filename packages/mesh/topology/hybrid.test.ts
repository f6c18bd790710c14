import type { MapPeer } from '@skein/contract/agent/map.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains } from '../ipam/cidr.ts';
import { type ClusterPart, type MeshPeer, peerIn, type Snapshot } from '../network.ts';
import { anyRows, PRACTICE, peer, toSnapshot } from '../testing/networks.ts';
import { gatewaysOf, linksOf } from './hybrid.ts';

const linkText = (link: MapPeer) =>
  `${link.id} carries ${link.allowedIps.join(' ')} at ${link.endpoints.map((one) => `${one.kind} ${one.address}`).join(', ') || 'nowhere'} keepalive ${link.keepaliveSeconds}`;

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
      'peer_dr_gw-1 carries 100.64.1.1/32 at nowhere keepalive 25',
      'peer_dr_gw-2 carries 100.64.1.0/24 at public 203.0.113.9 keepalive 25',
      'peer_prod_node-1 carries 100.64.0.2/32 at private 10.64.0.11, public 203.0.113.2 keepalive 25',
      'peer_prod_node-2 carries 100.64.0.3/32 at private 10.64.0.12 keepalive 25',
    ],
  ],
  [
    'a member: its mates, and everything else through its gateway',
    'peer_prod_node-1',
    [
      'peer_prod_gw-1 carries 100.64.0.1/32 100.64.0.0/16 at private 10.64.0.10, public 203.0.113.1 keepalive 25',
      'peer_prod_node-2 carries 100.64.0.3/32 at private 10.64.0.12 keepalive 0',
    ],
  ],
  [
    'the gateway that can be reached leads, though its id comes second',
    'peer_dr_gw-1',
    [
      'peer_dr_gw-2 carries 100.64.1.2/32 at private 10.64.16.11, public 203.0.113.9 keepalive 25',
      'peer_prod_gw-1 carries 100.64.0.0/24 at public 203.0.113.1 keepalive 25',
    ],
  ],
  [
    'a member of plain hosts without a gateway: no way out, and a NAT may stand between mates',
    'peer_dev_node-1',
    ['peer_dev_node-2 carries 100.64.2.2/32 at private 192.168.7.5 keepalive 25'],
  ],
])('%s', (_, peerId, expected) => {
  expect(linksFrom(peerId)).toEqual(expected);
});

test('one gateway is elected a cluster, by reachability and then by id', () => {
  expect([...electedIn(PRACTICE)]).toEqual([
    ['clu_dr', 'peer_dr_gw-2'],
    ['clu_prod', 'peer_prod_gw-1'],
  ]);
  const both = ['gw-2', 'gw-1'].map((name) => peer('x', name, '100.64.9.1', { public: '203.0.113.5' }));
  const part = { ...(PRACTICE.parts.get('clu_prod') as ClusterPart), peers: both };
  expect(gatewaysOf(part).map((one) => one.id)).toEqual(['peer_x_gw-1', 'peer_x_gw-2']);
});

test('no prefix is carried by two peers of one map, and every peer is reached by exactly one way', () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const snapshot = toSnapshot(rows);
      const elected = electedIn(snapshot);
      for (const part of snapshot.parts.values())
        for (const self of part.peers) {
          const links = linksOf(snapshot, part, self);
          const prefixes = links.flatMap((link) => link.allowedIps);
          expect(new Set(prefixes).size).toBe(prefixes.length);
          for (const target of rows.peers) {
            if (target.id === self.id) continue;
            const hop = longestMatch(links, target);
            expect(hop, `${self.id} to ${target.id}`).toBe(expectedHop(self, target, elected));
          }
        }
    }),
  );
});

function electedIn(snapshot: Snapshot): Map<string, string> {
  const elected = [...snapshot.parts].flatMap(([clusterId, part]): [string, string][] => {
    const first = gatewaysOf(part)[0];
    return first ? [[clusterId, first.id]] : [];
  });
  return new Map(elected.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function longestMatch(links: readonly MapPeer[], target: MeshPeer): string | undefined {
  const fits = links.flatMap((link) =>
    link.allowedIps
      .filter((cidr) => contains(cidr, target.overlayAddress))
      .map((cidr) => ({ id: link.id, length: Number(cidr.split('/')[1]) })),
  );
  return fits.sort((a, b) => b.length - a.length)[0]?.id;
}

/** Where a packet must go first, said without looking at allowed IPs. */
function expectedHop(
  self: MeshPeer,
  target: MeshPeer,
  elected: ReadonlyMap<string, string>,
): string | undefined {
  if (self.clusterId === target.clusterId) return target.id;
  if (self.role === 'member') return elected.get(self.clusterId);
  return target.role === 'gateway' ? target.id : elected.get(target.clusterId);
}
