import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildMap } from '../map/build.ts';
import type { MeshCluster, MeshPeer, Snapshot } from '../network.ts';
import { snapshotOf } from '../network.ts';
import { anyRows, NETWORK, peer, toSnapshot } from '../testing/networks.ts';
import { ALLOCATION_SECONDS, pairsInNeed, planRelays, RELAYS_PER_PAIR, type RelayPlan } from './plan.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const cluster = (name: string, index: number, place: MeshCluster['place'] = null): MeshCluster => ({
  id: `clu_${name}`,
  name,
  overlayCidr: `100.64.${index}.0/24`,
  vpcCidr: place ? `10.64.${index * 16}.0/20` : null,
  peered: [],
  place,
  labels: {},
  ranges: [],
});
const behindNat = (name: string, index: number): MeshPeer => {
  const hidden = peer(name, 'gw-1', `100.64.${index}.1`, { private: '192.168.1.5' });
  const seen = { kind: 'observed' as const, address: `198.51.100.${index}`, port: 40_000 + index };
  return { ...hidden, endpoints: [...hidden.endpoints, seen] };
};
const relay = (name: string, index: number): MeshPeer => ({
  ...peer(name, 'gw-1', `100.64.${index}.1`, {
    private: `10.64.${index * 16}.4`,
    public: `203.0.113.${index}`,
  }),
  relay: { allocations: [], tls: { port: 443, pin: `pin of ${name}` } },
});

const aws = (region: string) => ({ provider: 'aws', region });
const CLUSTERS = [
  cluster('home', 1),
  cluster('office', 2),
  cluster('one', 3, aws('eu-west-1')),
  cluster('two', 4, aws('eu-west-1')),
  cluster('three', 5, { provider: 'gcp', region: 'europe-west1' }),
];
const PEERS = [
  behindNat('home', 1),
  behindNat('office', 2),
  relay('one', 3),
  relay('two', 4),
  relay('three', 5),
];
const snapshot = (peers: readonly MeshPeer[], clusters = CLUSTERS) => snapshotOf(1, NETWORK, clusters, peers);

/** The snapshot once the plan is carried out. */
function carriedOut(before: Snapshot, plan: RelayPlan): Snapshot {
  const peers = [...before.parts.values()]
    .flatMap((part) => part.peers)
    .map((one) => {
      const gone = new Set(plan.removed.filter(({ relayId }) => relayId === one.id).map(({ id }) => id));
      const set = plan.set.filter(({ relayId }) => relayId === one.id).map(({ allocation }) => allocation);
      for (const { id } of set) gone.add(id);
      const kept = (one.relay?.allocations ?? []).filter(({ id }) => !gone.has(id));
      return one.relay ? { ...one, relay: { ...one.relay, allocations: [...kept, ...set] } } : one;
    });
  const clusters = [...before.parts.values()].map((part) => part.cluster);
  return snapshotOf(before.number + 1, before.network, clusters, peers);
}

describe('planning relays', () => {
  test('two peers behind NATs get two relays, and nobody else any', () => {
    const plan = planRelays(snapshot(PEERS), NOW);
    expect([...pairsInNeed(snapshot(PEERS)).keys()]).toEqual(['peer_home_gw-1 peer_office_gw-1']);
    expect(plan.removed).toEqual([]);
    expect(plan.set).toHaveLength(2);
    expect(new Set(plan.set.map(({ relayId }) => relayId)).size).toBe(2);
    for (const { allocation } of plan.set) {
      expect(allocation.peers).toEqual(['peer_home_gw-1', 'peer_office_gw-1']);
      expect(Date.parse(allocation.until)).toBe(NOW + ALLOCATION_SECONDS * 1000);
    }
  });

  test('the nearest is chosen, and of those equally near the least loaded', () => {
    const near = [
      { ...cluster('home', 1, aws('eu-west-1')), vpcCidr: '10.64.16.0/20' },
      { ...cluster('office', 2, aws('eu-west-1')), vpcCidr: '10.64.32.0/20' },
      ...CLUSTERS.slice(2),
    ];
    expect(
      planRelays(snapshot(PEERS, near), NOW)
        .set.map(({ relayId }) => relayId)
        .sort(),
    ).toEqual(['peer_one_gw-1', 'peer_two_gw-1']);
    const hidden = ['h1', 'h2', 'h3', 'h4', 'h5'].map((name, index) => behindNat(name, 10 + index));
    const clusters = [
      ...CLUSTERS,
      ...hidden.map((one, index) => cluster(one.clusterId.slice(4), 10 + index)),
    ];
    const { set } = planRelays(snapshot([relay('one', 3), relay('three', 5), ...hidden], clusters), NOW);
    const loads = new Map<string, number>();
    for (const { relayId } of set) loads.set(relayId, (loads.get(relayId) ?? 0) + 1);
    expect(set).toHaveLength(2 * 10);
    expect(Math.max(...loads.values()) - Math.min(...loads.values())).toBeLessThanOrEqual(1);
  });

  test('both ends and the relay learn of it by their maps', () => {
    const before = snapshot(PEERS);
    const plan = planRelays(before, NOW);
    const after = carriedOut(before, plan);
    const [first] = plan.set;
    if (!first) throw new Error('nothing was planned');
    const { relayId, allocation } = first;
    const home = buildMap(after, 'clu_home', 'peer_home_gw-1');
    const office = buildMap(after, 'clu_office', 'peer_office_gw-1');
    const address = PEERS.find(({ id }) => id === relayId)?.publicAddress;
    const endpointsOf = (map: typeof home, id: string) =>
      map?.peers.find((one) => one.id === id)?.endpoints ?? [];
    expect(endpointsOf(home, 'peer_office_gw-1').map(({ kind }) => kind)).toEqual([
      'observed',
      'relayed',
      'relayed',
    ]);
    expect(endpointsOf(home, 'peer_office_gw-1')).toContainEqual({
      kind: 'relayed',
      address,
      port: allocation.port,
    });
    expect(endpointsOf(office, 'peer_home_gw-1')).toContainEqual({
      kind: 'relayed',
      address,
      port: allocation.port + 1,
    });
    const relaying = buildMap(after, `clu_${relayId.split('_')[1]}`, relayId);
    expect(relaying?.allocations).toEqual([
      {
        id: allocation.id,
        port: allocation.port,
        addresses: [['198.51.100.1'], ['198.51.100.2']],
        kilobytesPerSecond: allocation.kilobytesPerSecond,
        until: allocation.until,
      },
    ]);
  });

  test('what serves stays; it is renewed in time, replaced when its relay goes, and goes with the need', () => {
    const first = planRelays(snapshot(PEERS), NOW);
    const settled = carriedOut(snapshot(PEERS), first);
    expect(planRelays(settled, NOW)).toEqual({ set: [], removed: [] });
    const later = planRelays(settled, NOW + 0.6 * ALLOCATION_SECONDS * 1000);
    expect(later.set.map(({ allocation }) => allocation.port)).toEqual(
      first.set.map(({ allocation }) => allocation.port),
    );
    const lost = first.set[0]?.relayId;
    const rest = [...settled.parts.values()].flatMap((part) => part.peers).filter(({ id }) => id !== lost);
    const replaced = planRelays(snapshot(rest), NOW);
    expect(replaced.removed).toEqual([]);
    expect(replaced.set).toHaveLength(1);
    expect(replaced.set[0]?.relayId).not.toBe(first.set[1]?.relayId);
    const opened = [...settled.parts.values()]
      .flatMap((part) => part.peers)
      .map((one) =>
        one.id === 'peer_home_gw-1'
          ? { ...one, endpoints: [{ kind: 'public' as const, address: '198.51.100.1', port: 51820 }] }
          : one,
      );
    expect(planRelays(snapshot(opened), NOW).removed).toHaveLength(2);
  });

  test('a peer that no UDP gets out of comes over TLS, to others with public addresses and to the relay itself', () => {
    const blocked = (name: string, index: number): MeshPeer => ({
      ...behindNat(name, index),
      udpBlocked: true,
    });
    const open = peer('two', 'gw-1', '100.64.4.1', { private: '10.64.64.4', public: '203.0.113.4' });
    const peers = [blocked('home', 1), behindNat('office', 2), relay('one', 3), open];
    const before = snapshot(peers, CLUSTERS.slice(0, 4));
    const plan = planRelays(before, NOW);
    const overTls = plan.set.filter(({ allocation }) => allocation.tls);
    expect(overTls.map(({ allocation }) => [allocation.peers, allocation.tls])).toEqual([
      [
        ['peer_home_gw-1', 'peer_office_gw-1'],
        [true, false],
      ],
      [
        ['peer_home_gw-1', 'peer_one_gw-1'],
        [true, false],
      ],
      [
        ['peer_home_gw-1', 'peer_two_gw-1'],
        [true, false],
      ],
    ]);
    // What UDP needs stays, for when it is let through.
    expect(
      plan.set.filter(({ allocation }) => !allocation.tls).map(({ allocation }) => allocation.peers),
    ).toEqual([['peer_home_gw-1', 'peer_office_gw-1']]);
    const after = carriedOut(before, plan);
    const endpointOf = (cluster: string, id: string, kind: string) =>
      buildMap(after, `clu_${cluster}`, `peer_${cluster}_gw-1`)
        ?.peers.find((one) => one.id === id)
        ?.endpoints.filter((one) => one.kind === kind);
    const portOf = (other: string) =>
      overTls.find(({ allocation }) => allocation.peers[1] === `peer_${other}_gw-1`)?.allocation.port ?? 0;
    const door = { port: 443, pin: 'pin of one', wireguardKey: 'key of one gw-1' };
    expect(endpointOf('home', 'peer_two_gw-1', 'tls')).toEqual([
      { kind: 'tls', address: '203.0.113.3', port: portOf('two'), tls: door },
    ]);
    expect(endpointOf('two', 'peer_home_gw-1', 'relayed')).toEqual([
      { kind: 'relayed', address: '203.0.113.3', port: portOf('two') + 1 },
    ]);
    expect(endpointOf('one', 'peer_home_gw-1', 'tls')).toEqual([
      { kind: 'tls', address: '127.0.0.1', port: portOf('one') + 1 },
    ]);
    const relaying = buildMap(after, 'clu_one', 'peer_one_gw-1')?.allocations.filter(({ tls }) => tls);
    const byTls = { by: 'tls', peerId: 'peer_home_gw-1', keys: ['key of home gw-1'] };
    expect(relaying?.map(({ addresses, tls }) => [addresses, tls])).toEqual([
      [[[], ['198.51.100.2']], { port: 443, ends: [byTls, { by: 'udp' }] }],
      [[[], []], { port: 443, ends: [byTls, { by: 'self' }] }],
      [[[], ['203.0.113.4']], { port: 443, ends: [byTls, { by: 'udp' }] }],
    ]);

    // The other one is blocked too: the same ports, told anew. Neither is: what was over TLS goes.
    const rows = [...after.parts.values()].flatMap((part) => part.peers);
    const both = rows.map((one) => (one.id === open.id ? { ...one, udpBlocked: true } : one));
    const changed = planRelays(snapshot(both, CLUSTERS.slice(0, 4)), NOW);
    expect(changed.removed).toEqual([]);
    expect(changed.set.find(({ allocation }) => allocation.port === portOf('two'))?.allocation.tls).toEqual([
      true,
      true,
    ]);
    const free = rows.map((one) => ({ ...one, udpBlocked: false }));
    const freed = planRelays(snapshot(free, CLUSTERS.slice(0, 4)), NOW);
    expect(freed.set).toEqual([]);
    expect(freed.removed).toHaveLength(3);
  });

  test('in any network: at most two relays a pair, no port twice, and a plan carried out leaves nothing to do', () => {
    fc.assert(
      fc.property(anyRows, fc.infiniteStream(fc.boolean()), (rows, relays) => {
        const peers = rows.peers.map((one) => ({
          ...one,
          relay: relays.next().value
            ? { allocations: [], tls: relays.next().value ? { port: 443, pin: 'pin' } : null }
            : null,
        }));
        const before = toSnapshot({ ...rows, peers });
        const after = carriedOut(before, planRelays(before, NOW));
        expect(planRelays(after, NOW)).toEqual({ set: [], removed: [] });
        const perPair = new Map<string, number>();
        for (const part of after.parts.values())
          for (const one of part.peers) {
            const allocations = one.relay?.allocations ?? [];
            expect(new Set(allocations.map(({ port }) => port)).size).toBe(allocations.length);
            for (const { peers: ends, tls } of allocations) {
              // Only over TLS is it worth going to a relay to reach the relay.
              if (!tls) expect(ends).not.toContain(one.id);
              if (tls) expect(tls).toContain(true);
              const pair = `${ends.join(' ')} ${tls !== undefined}`;
              perPair.set(pair, (perPair.get(pair) ?? 0) + 1);
            }
          }
        for (const count of perPair.values()) expect(count).toBeLessThanOrEqual(RELAYS_PER_PAIR);
      }),
      { numRuns: 100 },
    );
  });
});
