/** For tests: the practice network by name, and networks of any shape. */
import type { Endpoint } from '@skein/contract/agent/map.ts';
import { Topology } from '@skein/contract/primitive.ts';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../ipam/cidr.ts';
import type { MeshAllocation, MeshCluster, MeshNetwork, MeshPeer, MeshRange, Snapshot } from '../network.ts';
import { compareText, snapshotOf } from '../network.ts';
import { simplePolicy } from '../policy/simple.ts';
import { anyLabels, anyPolicy, anyServices } from './policies.ts';

export const NETWORK: MeshNetwork = {
  id: 'net_1',
  epoch: 3,
  cidr: '100.64.0.0/16',
  zone: 'shop.skein.test',
  topology: 'hybrid',
  hubClusterId: null,
  wireguardPort: 51820,
  mtu: 1280,
  policy: simplePolicy([{ protocol: 'tcp', port: 8080 }]),
};

export const CLUSTERS: readonly MeshCluster[] = [
  {
    id: 'clu_prod',
    name: 'prod',
    overlayCidr: '100.64.0.0/24',
    vpcCidr: '10.64.0.0/20',
    peered: [],
    place: null,
    labels: {},
    ranges: [],
  },
  {
    id: 'clu_dr',
    name: 'dr',
    overlayCidr: '100.64.1.0/24',
    vpcCidr: '10.64.16.0/20',
    peered: [],
    place: null,
    labels: {},
    ranges: [],
  },
  // Plain hosts: no VPC of ours.
  {
    id: 'clu_dev',
    name: 'dev',
    overlayCidr: '100.64.2.0/24',
    vpcCidr: null,
    peered: [],
    place: null,
    labels: {},
    ranges: [],
  },
];

const at = (kind: Endpoint['kind'], address: string): Endpoint => ({ kind, address, port: 51820 });

/** A peer whose id, key and names follow from its cluster and name. */
export function peer(
  cluster: string,
  name: string,
  overlayAddress: string,
  addresses: { private?: string; public?: string },
): MeshPeer {
  return {
    id: `peer_${cluster}_${name}`,
    clusterId: `clu_${cluster}`,
    name,
    role: name.startsWith('gw') ? 'gateway' : 'member',
    wireguardKey: `key of ${cluster} ${name}`,
    nextWireguardKey: null,
    retiredKey: null,
    relay: null,
    overlayAddress,
    privateAddress: addresses.private ?? null,
    publicAddress: addresses.public ?? null,
    endpoints: [
      ...(addresses.public ? [at('public', addresses.public)] : []),
      ...(addresses.private ? [at('private', addresses.private)] : []),
    ],
    labels: {},
  };
}

/** Production with one gateway, disaster recovery with two, and two plain hosts for development without any. */
export const PEERS: readonly MeshPeer[] = [
  peer('prod', 'gw-1', '100.64.0.1', { private: '10.64.0.10', public: '203.0.113.1' }),
  peer('prod', 'node-1', '100.64.0.2', { private: '10.64.0.11', public: '203.0.113.2' }),
  peer('prod', 'node-2', '100.64.0.3', { private: '10.64.0.12' }),
  peer('dr', 'gw-1', '100.64.1.1', { private: '10.64.16.10' }),
  peer('dr', 'gw-2', '100.64.1.2', { private: '10.64.16.11', public: '203.0.113.9' }),
  peer('dev', 'node-1', '100.64.2.1', { private: '192.168.1.5' }),
  peer('dev', 'node-2', '100.64.2.2', { private: '192.168.7.5' }),
];

export const PRACTICE: Snapshot = snapshotOf(7, NETWORK, CLUSTERS, PEERS);

/** The same with production and disaster recovery peered. */
export const PEERED: Snapshot = snapshotOf(
  7,
  NETWORK,
  CLUSTERS.map((cluster) => ({
    ...cluster,
    peered: { clu_prod: ['clu_dr'], clu_dr: ['clu_prod'] }[cluster.id] ?? [],
  })),
  PEERS,
);

export const TOPOLOGIES: readonly Topology[] = ['hybrid', 'full', 'hub', 'random', 'structured'];

/** Rows of a network of any shape, in any order, with addresses given out as Skein does. */
export interface Rows {
  number: number;
  network: MeshNetwork;
  clusters: MeshCluster[];
  peers: MeshPeer[];
}

const address = (base: string) =>
  fc.integer({ min: 1, max: 200 }).map((host) => formatAddress(parseAddress(base) + host));
const anyTls = fc.constantFrom<readonly [boolean, boolean] | null>(
  null,
  [true, false],
  [false, true],
  [true, true],
);
const nodeOf = fc.record({
  role: fc.constantFrom('gateway' as const, 'member' as const),
  seat: fc.option(fc.integer({ min: 0, max: 3 })),
  privateAddress: fc.option(address('10.64.0.0')),
  publicAddress: fc.option(address('203.0.113.0')),
  observed: fc.option(address('198.51.100.0')),
  global: fc.option(fc.integer({ min: 1, max: 200 }).map((host) => `2001:db8::${host.toString(16)}`)),
  changing: fc.boolean(),
  ipv4Only: fc.boolean(),
  udpBlocked: fc.boolean(),
  labels: anyLabels,
  services: anyServices,
  // Not all that nodes say can be: some have another cluster's range, or that of a mate.
  pods: fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 2 }),
});

// Every cluster has the same ranges inside. Some are carried by nobody who is there.
const anyRange = fc
  .record({
    carrier: fc.option(fc.integer({ min: 0, max: 3 })),
    replies: fc.constantFrom('masqueraded' as const, 'routed' as const),
    third: fc.integer({ min: 0, max: 1 }),
    hosts: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 2 }),
  })
  .map(({ carrier, replies, third, hosts }) => ({
    carrier,
    replies,
    cidr: `10.42.${third}.0/24`,
    hosts: hosts.map((host) => ({ name: `host-${host}`, address: `10.42.${third}.${host}` })),
  }));

export const anyRows: fc.Arbitrary<Rows> = fc
  .record({
    number: fc.integer({ min: 1, max: 1000 }),
    topology: fc.constantFrom(...Topology.options),
    hub: fc.option(fc.integer({ min: 0, max: 5 })),
    policy: anyPolicy,
    shape: fc.array(
      fc.record({
        vpc: fc.boolean(),
        // Halves come and go on their own: some pairs agree, some do not, some name nobody.
        peered: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
        name: fc.constantFrom('a', 'b'),
        labels: anyLabels,
        ranges: fc.array(anyRange, { maxLength: 2 }),
        pods: fc.boolean(),
        nodes: fc.array(nodeOf, { maxLength: 4 }),
      }),
      {
        maxLength: 5,
      },
    ),
    // Who relays for whom: the relay and the two ends, by their place among all peers, and who comes over TLS.
    relayed: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), anyTls), { maxLength: 3 }),
    // Peers come and go: which of them are there at all.
    present: fc.infiniteStream(fc.boolean()),
  })
  .map(({ number, topology, hub, policy, shape, relayed, present }) => {
    const clusters = shape.map(
      ({ vpc, name, peered, labels, ranges, pods }, index): MeshCluster => ({
        id: `clu_${index}`,
        name: `${name}${index}`,
        overlayCidr: `100.64.${index}.0/24`,
        vpcCidr: vpc ? `10.64.${index * 16}.0/20` : null,
        peered: peered
          .filter((other) => other !== index)
          .map((other) => `clu_${other}`)
          .sort(),
        place: null,
        labels,
        podCidr: pods ? `10.128.${index * 4}.0/22` : null,
        ranges: ranges.map(
          ({ carrier, ...range }, at): MeshRange => ({
            ...range,
            id: `rng_${index}_${at}`,
            name: `range-${at}`,
            peerId: carrier === null ? null : `peer_${index}_${carrier}`,
            overlayCidr: `242.${index}.${at}.0/24`,
            // The names of a cluster's hosts differ.
            hosts: range.hosts.map(({ name, address }) => ({ name: `${name}-${at}`, address })),
          }),
        ),
      }),
    );
    const peers = shape.flatMap(({ nodes }, cluster) =>
      nodes.map(
        (
          {
            role,
            seat,
            privateAddress,
            publicAddress,
            observed,
            global,
            changing,
            ipv4Only,
            udpBlocked,
            labels,
            services,
            pods,
          },
          index,
        ): MeshPeer => ({
          id: `peer_${cluster}_${index}`,
          clusterId: `clu_${cluster}`,
          name: `node-${index}`,
          role,
          seat,
          wireguardKey: `key of ${cluster} ${index}`,
          nextWireguardKey: changing ? `next key of ${cluster} ${index}` : null,
          retiredKey: null,
          udpBlocked,
          relay: null,
          overlayAddress: `100.64.${cluster}.${index + 1}`,
          privateAddress,
          publicAddress,
          endpoints: [
            ...(observed ? [at('observed', observed)] : []),
            // VPCs have IPv4 alone.
            ...(global && clusters[cluster]?.vpcCidr === null ? [at('global', global)] : []),
            ...(publicAddress ? [at('public', publicAddress)] : []),
            ...(privateAddress ? [at('private', privateAddress)] : []),
          ],
          ipv4Only,
          labels,
          ...(services.length > 0 ? { services } : {}),
          podCidrs: pods.map((third) => `10.128.${cluster * 4 + third}.0/24`),
        }),
      ),
    );
    return {
      number,
      network: { ...NETWORK, topology, hubClusterId: hub === null ? null : `clu_${hub}`, policy },
      clusters,
      peers: withRelayed(peers, relayed).filter(() => present.next().value),
    };
  });

type Relayed = readonly [number, number, number, readonly [boolean, boolean] | null];

function withRelayed(peers: MeshPeer[], relayed: readonly Relayed[]): MeshPeer[] {
  const changed = [...peers];
  for (const [turn, [at, first, second, tls]] of relayed.entries()) {
    const [relay, one, other] = [at, first, second].map((index) => index % Math.max(1, peers.length));
    const holder = changed[relay ?? 0];
    const ends = [peers[one ?? 0], peers[other ?? 0]].sort((a, b) => compareText(a?.id ?? '', b?.id ?? ''));
    const [a, b] = ends;
    if (!holder || !a || !b || a === b) continue;
    const allocation: MeshAllocation = {
      id: `${a.id} ${b.id} ${holder.id}`,
      peers: [a.id, b.id],
      clusters: [a.clusterId, b.clusterId],
      port: 20_000 + 2 * turn,
      kilobytesPerSecond: 1000,
      until: '2026-12-01T00:00:00.000Z',
      ...(tls ? { tls } : {}),
    };
    const others = (holder.relay?.allocations ?? []).filter(({ id }) => id !== allocation.id);
    const door = { port: 443, pin: `pin of ${holder.id}` };
    changed[relay ?? 0] = { ...holder, relay: { allocations: [...others, allocation], tls: door } };
  }
  return changed;
}

export const toSnapshot = (rows: Rows): Snapshot =>
  snapshotOf(rows.number, rows.network, rows.clusters, rows.peers);
