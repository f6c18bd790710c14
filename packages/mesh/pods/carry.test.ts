import type { NetworkMap } from '@skein/contract/agent/map.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatAddress, overlaps, parseCidr } from '../ipam/cidr.ts';
import { affectedBy } from '../map/affected.ts';
import { buildMap } from '../map/build.ts';
import { deltaBetween } from '../map/delta.ts';
import { type ClusterPart, changeSnapshot, type MeshPeer, type Snapshot } from '../network.ts';
import { podsId, reach } from '../reach/reach.ts';
import { imagine, plannedWorld } from '../reach/world.ts';
import { anyRows, PRACTICE, TOPOLOGIES, toSnapshot } from '../testing/networks.ts';
import { endsOfWay } from '../testing/walk.ts';
import { graphOf } from '../topology/plan.ts';
import { pathBetween } from '../topology/ways.ts';
import { podsOf } from './carry.ts';

const partOf = (snapshot: Snapshot, id: string) => snapshot.parts.get(id) as ClusterPart;
const hostOf = (cidr: string) => formatAddress(parseCidr(cidr).first + 9);

/** Clusters with pods; of each the nodes, by name, with what they say. */
function withPods(pods: Record<string, { cidr: string; nodes: Record<string, string[]> }>): Snapshot {
  const clusters = new Map();
  const peers = new Map<string, MeshPeer>();
  for (const [name, { cidr, nodes }] of Object.entries(pods)) {
    const part = partOf(PRACTICE, `clu_${name}`);
    clusters.set(part.cluster.id, { ...part.cluster, podCidr: cidr });
    for (const peer of part.peers)
      if (nodes[peer.name]) peers.set(peer.id, { ...peer, podCidrs: nodes[peer.name] ?? [] });
  }
  return changeSnapshot(PRACTICE, { number: 8, clusters, peers }).after;
}
const two = () =>
  withPods({
    prod: {
      cidr: '10.128.0.0/18',
      nodes: { 'gw-1': ['10.128.0.0/24'], 'node-1': ['10.128.1.0/24'], 'node-2': ['10.128.2.0/24'] },
    },
    dr: { cidr: '10.128.64.0/18', nodes: { 'gw-1': ['10.128.64.0/24'], 'gw-2': ['10.128.65.0/24'] } },
  });
const mapOf = (snapshot: Snapshot, cluster: string, name: string) =>
  buildMap(snapshot, `clu_${cluster}`, `peer_${cluster}_${name}`) as NetworkMap;
const ips = (map: NetworkMap) => Object.fromEntries(map.peers.map((peer) => [peer.id, peer.allowedIps]));

describe('who carries pods', () => {
  test('other clusters know one prefix of a cluster, its own gateways those of its nodes', () => {
    const snapshot = two();
    expect(mapOf(snapshot, 'prod', 'gw-1').self.pods).toEqual({
      own: ['10.128.0.0/24'],
      cluster: '10.128.0.0/18',
      elsewhere: ['10.128.64.0/18'],
    });
    expect(ips(mapOf(snapshot, 'prod', 'gw-1'))).toEqual({
      // What is for the pods of one of two gateways goes straight to it.
      'peer_dr_gw-1': ['100.64.1.0/24', '100.64.1.1/32', '10.128.64.0/18', '10.128.64.0/24'],
      'peer_dr_gw-2': ['100.64.1.0/24', '100.64.1.2/32', '10.128.64.0/18', '10.128.65.0/24'],
      'peer_prod_node-1': ['100.64.0.2/32', '10.128.1.0/24'],
      'peer_prod_node-2': ['100.64.0.3/32', '10.128.2.0/24'],
    });
    expect(ips(mapOf(snapshot, 'prod', 'node-1'))['peer_prod_gw-1']).toEqual([
      '100.64.0.1/32',
      '10.128.0.0/24',
      '100.64.0.0/16',
      '10.128.64.0/18',
    ]);
    expect(mapOf(snapshot, 'dev', 'node-1').self.pods).toEqual({
      own: [],
      cluster: null,
      elsewhere: ['10.128.0.0/18', '10.128.64.0/18'],
    });
  });

  test('in full topology each node is reached directly', () => {
    const snapshot = two();
    const full = { ...snapshot, network: { ...snapshot.network, topology: 'full' as const } };
    expect(ips(mapOf(full, 'prod', 'node-1'))['peer_dr_gw-2']).toEqual(['100.64.1.2/32', '10.128.65.0/24']);
  });

  test('what a node says beside its cluster’s range, or of a mate’s, is not believed', () => {
    const snapshot = withPods({
      prod: {
        cidr: '10.128.0.0/18',
        nodes: {
          'gw-1': ['10.128.0.0/24', '10.9.0.0/24'],
          'node-1': ['10.128.0.128/25', '10.128.1.0/24'],
          'node-2': ['0.0.0.0/0'],
        },
      },
    });
    const part = partOf(snapshot, 'clu_prod');
    expect(part.peers.map((peer) => podsOf(part, peer))).toEqual([['10.128.0.0/24'], ['10.128.1.0/24'], []]);
  });
});

test('a node more, another range of a node, and a node less change the maps of their own cluster alone', () => {
  const before = two();
  const home = partOf(before, 'clu_prod');
  const node = home.peers.find(({ name }) => name === 'node-2') as MeshPeer;
  const changes: Map<string, MeshPeer | null>[] = [
    new Map([
      [
        'peer_prod_node-9',
        {
          ...node,
          id: 'peer_prod_node-9',
          name: 'node-9',
          overlayAddress: '100.64.0.9',
          podCidrs: ['10.128.9.0/24'],
        },
      ],
    ]),
    new Map([[node.id, { ...node, podCidrs: ['10.128.7.0/24'] }]]),
    new Map([[node.id, null]]),
  ];
  for (const peers of changes) {
    const { after, touched } = changeSnapshot(before, { number: 9, peers });
    const affected = affectedBy(before, after, touched);
    expect([affected.everyone, affected.gateways, [...affected.gatewaysOf]]).toEqual([false, false, []]);
    expect([...affected.clusters]).toEqual(['clu_prod']);
    for (const part of before.parts.values())
      for (const peer of part.peers) {
        const [old, now] = [before, after].map((one) => buildMap(one, part.cluster.id, peer.id));
        if (old && now && part.cluster.id !== 'clu_prod') expect(deltaBetween(old, now)).toBeNull();
      }
  }
});

test('whatever the topology: what is sent to a pod comes to its node, with its source, and its answers come back', () => {
  let walked = 0;
  fc.assert(
    fc.property(anyRows, (rows) => {
      const snapshot = toSnapshot(rows);
      const maps = new Map<string, NetworkMap>();
      for (const peer of rows.peers)
        maps.set(peer.id, buildMap(snapshot, peer.clusterId, peer.id) as NetworkMap);
      const nodes = [...snapshot.parts.values()].flatMap((part) =>
        part.peers.map((peer) => ({ part, peer, own: podsOf(part, peer) })),
      );
      // Nobody else's address is in a node's range, and nobody has a part of it.
      const all = nodes.flatMap(({ own }) => own);
      for (const [at, one] of all.entries())
        for (const other of all.slice(at + 1)) expect(overlaps(one, other)).toBe(false);
      for (const { part, own } of nodes)
        for (const cidr of own) expect(contains(part.cluster.podCidr ?? '', cidr)).toBe(true);
      for (const to of nodes)
        for (const from of nodes) {
          const [pod] = to.own;
          if (pod === undefined || from.part === to.part) continue;
          if (pathBetween(graphOf(snapshot), from.part.cluster.id, to.part.cluster.id) === undefined)
            continue;
          // As a node speaks, and as its own pods do.
          for (const source of [from.peer.overlayAddress, ...from.own.map(hostOf)]) {
            walked += 1;
            for (const end of endsOfWay(maps, from.peer.id, source, hostOf(pod)))
              expect(end).toBe(to.peer.id);
            for (const end of endsOfWay(maps, to.peer.id, hostOf(pod), source))
              expect(end).toBe(from.peer.id);
          }
        }
    }),
    { numRuns: 150 },
  );
  expect(walked).toBeGreaterThan(60);
}, 60_000);

test('reachability knows pods: between clusters by the policy, within one by the cluster’s own network', () => {
  const flow = { protocol: 'tcp', port: 8080 } as const;
  for (const topology of TOPOLOGIES) {
    const snapshot = two();
    // Every node in the open: here it is about pods.
    const peers = new Map(
      [...snapshot.parts.values()]
        .flatMap((part) => part.peers)
        .map((peer, at) => [
          peer.id,
          { ...peer, endpoints: [{ kind: 'public' as const, address: `198.18.0.${at + 1}`, port: 51820 }] },
        ]),
    );
    const { after } = changeSnapshot(snapshot, { number: 9, peers });
    const planned = plannedWorld({ ...after, network: { ...after.network, topology } });
    const standings = new Map([...planned.standings].map(([id, one]) => [id, { ...one, letsIn: null }]));
    const world = { ...planned, standings };
    const [here, there] = [podsId('peer_prod_node-1'), podsId('peer_dr_gw-2')];
    const found = reach(world, { from: here, to: there, ...flow });
    expect(found, topology).toMatchObject({ verdict: 'reached' });
    expect([found.hops[0], found.hops.at(-1)]).toEqual(['peer_prod_node-1', 'peer_dr_gw-2']);
    expect(reach(world, { from: here, to: there, protocol: 'tcp', port: 9 })).toMatchObject({
      verdict: 'blocked',
      decidedBy: { layer: 'policy' },
    });
    expect(reach(world, { from: here, to: podsId('peer_prod_node-2'), ...flow }).decidedBy.words).toContain(
      'own network',
    );
    // As its node, which the default within a cluster lets do everything.
    expect(reach(world, { from: here, to: 'peer_prod_gw-1', protocol: 'tcp', port: 9 }).verdict).toBe(
      'reached',
    );
    const lost = imagine(world, { lost: ['peer_dr_gw-2'] });
    expect(reach(lost, { from: here, to: there, ...flow }).verdict).toBe('blocked');
  }
});
