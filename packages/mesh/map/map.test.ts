import { createHash } from 'node:crypto';
import { type MapDelta, NetworkMap } from '@skein/contract/agent/map.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeSnapshot,
  type MeshCluster,
  type MeshPeer,
  type Snapshot,
  type SnapshotChange,
} from '../network.ts';
import { anyRows, PEERED, PRACTICE, peer, type Rows, toSnapshot } from '../testing/networks.ts';
import { type Affected, affectedBy } from './affected.ts';
import { buildMap } from './build.ts';
import { applyDelta, deltaBetween } from './delta.ts';
import { digestOf } from './digest.ts';
import { openPrivateKey, openPublicKey, publicKeyOf, signMap, verifyMap } from './sign.ts';

const peersOf = (snapshot: Snapshot) => [...snapshot.parts.values()].flatMap((part) => part.peers);
const mapOf = (snapshot: Snapshot, peer: { id: string; clusterId: string }) =>
  buildMap(snapshot, peer.clusterId, peer.id);

/** The practice network where development has a gateway too. */
const THREE = changeSnapshot(PRACTICE, {
  number: 7,
  peers: new Map([['peer_dev_gw-9', peer('dev', 'gw-9', '100.64.2.9', {})]]),
}).after;

/** What leads from one network to another, as the database names it: rows that differ or are gone. */
function changeBetween(before: Rows, after: Rows): SnapshotChange {
  const differing = <T extends { id: string }>(
    old: readonly T[],
    now: readonly T[],
  ): Map<string, T | null> => {
    const changed = new Map<string, T | null>();
    for (const row of old) if (!now.some((one) => one.id === row.id)) changed.set(row.id, null);
    for (const row of now) {
      const held = old.find((one) => one.id === row.id);
      if (JSON.stringify(held) !== JSON.stringify(row)) changed.set(row.id, row);
    }
    return changed;
  };
  return {
    number: after.number,
    network: after.network,
    clusters: differing<MeshCluster>(before.clusters, after.clusters),
    peers: differing<MeshPeer>(before.peers, after.peers),
  };
}

/** A network and what it became: some clusters as they were, the others of another network. */
const anyChange = fc
  .tuple(anyRows, anyRows, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), fc.boolean())
  .map(([before, other, kept, sameNetwork]) => {
    const keeps = (clusterId: string) => kept[Number(clusterId.slice(4))] === true;
    const pick = <T>(rows: readonly T[], others: readonly T[], cluster: (row: T) => string) => [
      ...rows.filter((row) => keeps(cluster(row))),
      ...others.filter((row) => !keeps(cluster(row))),
    ];
    const after: Rows = {
      number: before.number + 1,
      network: sameNetwork ? before.network : other.network,
      clusters: pick(before.clusters, other.clusters, (cluster) => cluster.id),
      peers: pick(before.peers, other.peers, (peer) => peer.clusterId),
    };
    return { before, after };
  });

describe('building', () => {
  test('the whole map of a member', () => {
    expect(buildMap(PRACTICE, 'clu_prod', 'peer_prod_node-2')).toEqual({
      networkId: 'net_1',
      peerId: 'peer_prod_node-2',
      epoch: 3,
      number: 7,
      self: {
        name: 'node-2',
        clusterId: 'clu_prod',
        clusterName: 'prod',
        role: 'member',
        planes: 1,
        forwards: false,
        wireguardKey: 'key of prod node-2',
        nextWireguardKey: null,
        retiredKey: null,
        overlayAddress: '100.64.0.3',
        overlayCidr: '100.64.0.0/16',
        clusterOverlayCidr: '100.64.0.0/24',
        clusterVpcCidr: '10.64.0.0/20',
        ranges: [],
        clusterRanges: [],
        rangesCidr: null,
        pods: { own: [], cluster: null, elsewhere: [] },
        wireguardPort: 51820,
        mtu: 1280,
        topology: 'hybrid',
        zone: 'shop.skein.test',
        rules: [
          { action: 'allow', from: 'any', to: null, protocol: 'icmp', ports: [] },
          { action: 'allow', from: 'any', to: null, protocol: 'tcp', ports: [[8080, 8080]] },
        ],
        passing: [],
        defaults: { withinCluster: 'allow', elsewhere: 'deny' },
      },
      peers: [
        {
          plane: 0,
          id: 'peer_prod_gw-1',
          name: 'gw-1',
          clusterId: 'clu_prod',
          role: 'gateway',
          wireguardKey: 'key of prod gw-1',
          nextWireguardKey: null,
          overlayAddress: '100.64.0.1',
          endpoints: [
            { kind: 'private', address: '10.64.0.10', port: 51820 },
            { kind: 'public', address: '203.0.113.1', port: 51820 },
          ],
          allowedIps: ['100.64.0.1/32', '100.64.0.0/16'],
          keepaliveSeconds: 25,
        },
        {
          plane: 0,
          id: 'peer_prod_node-1',
          name: 'node-1',
          clusterId: 'clu_prod',
          role: 'member',
          wireguardKey: 'key of prod node-1',
          nextWireguardKey: null,
          overlayAddress: '100.64.0.2',
          endpoints: [
            { kind: 'private', address: '10.64.0.11', port: 51820 },
            { kind: 'public', address: '203.0.113.2', port: 51820 },
          ],
          allowedIps: ['100.64.0.2/32'],
          keepaliveSeconds: 0,
        },
      ],
      names: [
        { name: 'gw-1.prod.shop.skein.test', inside: ['10.64.0.10'], outside: ['100.64.0.1'] },
        { name: 'node-1.prod.shop.skein.test', inside: ['10.64.0.11'], outside: ['100.64.0.2'] },
        { name: 'node-2.prod.shop.skein.test', inside: ['10.64.0.12'], outside: ['100.64.0.3'] },
        { name: 'prod.shop.skein.test', inside: ['10.64.0.10'], outside: ['203.0.113.1'] },
      ],
      delegations: [{ zone: 'shop.skein.test', servers: ['100.64.0.1'] }],
      addressSets: [{ id: 'any', cidrs: ['100.64.0.0/16'] }],
      allocations: [],
    });
  });

  test.each([
    [
      'a gateway asks the gateways of each other cluster',
      'prod',
      'gw-1',
      [{ zone: 'dr.shop.skein.test', servers: ['100.64.1.1', '100.64.1.2'] }],
    ],
    [
      'a second gateway asks the same',
      'dr',
      'gw-2',
      [{ zone: 'prod.shop.skein.test', servers: ['100.64.0.1'] }],
    ],
    ['without a gateway nobody is asked', 'dev', 'node-1', []],
  ])('%s', (_, cluster, name, delegations) => {
    expect(buildMap(PRACTICE, `clu_${cluster}`, `peer_${cluster}_${name}`)?.delegations).toEqual(delegations);
  });

  test('peered gateways reach each other privately first; members learn the name of the others’ gateways', () => {
    const endpoints = (snapshot: Snapshot) =>
      mapOf(snapshot, { id: 'peer_prod_gw-1', clusterId: 'clu_prod' })
        ?.peers.filter((peer) => peer.clusterId === 'clu_dr')
        .map((peer) => [peer.name, peer.allowedIps, peer.endpoints.map((one) => one.address)]);
    expect(endpoints(PRACTICE)).toEqual([
      ['gw-1', ['100.64.1.0/24', '100.64.1.1/32'], []],
      ['gw-2', ['100.64.1.0/24', '100.64.1.2/32'], ['203.0.113.9']],
    ]);
    expect(endpoints(PEERED)).toEqual([
      ['gw-1', ['100.64.1.0/24', '100.64.1.1/32'], ['10.64.16.10']],
      ['gw-2', ['100.64.1.0/24', '100.64.1.2/32'], ['10.64.16.11', '203.0.113.9']],
    ]);
    const names = (snapshot: Snapshot) =>
      mapOf(snapshot, { id: 'peer_prod_node-1', clusterId: 'clu_prod' })?.names.filter(
        (one) => !one.name.includes('prod'),
      );
    expect(names(PRACTICE)).toEqual([]);
    expect(names(PEERED)).toEqual([
      { name: 'dr.shop.skein.test', inside: ['10.64.16.10', '10.64.16.11'], outside: ['203.0.113.9'] },
    ]);
  });

  test('half a peering changes no map', () => {
    const dr = PEERED.parts.get('clu_dr');
    const half = changeSnapshot(PRACTICE, {
      number: 7,
      clusters: new Map([['clu_dr', dr?.cluster as MeshCluster]]),
    }).after;
    for (const peer of peersOf(PRACTICE)) expect(mapOf(half, peer)).toEqual(mapOf(PRACTICE, peer));
  });

  test('a peer that the snapshot does not hold has no map', () => {
    expect(buildMap(PRACTICE, 'clu_dev', 'peer_prod_gw-1')).toBeUndefined();
  });

  test('the order of rows does not matter, and the same rows give the same map', () => {
    fc.assert(
      fc.property(anyRows, fc.infiniteStream(fc.nat()), (rows, dice) => {
        const shuffled = <T>(list: readonly T[]) =>
          list
            .map((item) => ({ item, roll: dice.next().value }))
            .sort((a, b) => a.roll - b.roll)
            .map(({ item }) => item);
        const other = toSnapshot({
          ...rows,
          clusters: shuffled(rows.clusters),
          peers: shuffled(rows.peers),
        });
        const snapshot = toSnapshot(rows);
        for (const peer of rows.peers) {
          const map = mapOf(snapshot, peer) as NetworkMap;
          expect(mapOf(other, peer)).toEqual(map);
          expect(digestOf(mapOf(other, peer) as NetworkMap)).toBe(digestOf(map));
        }
      }),
    );
  });
});

describe('changing', () => {
  test('a snapshot changed row by row is the snapshot of the new rows', () => {
    fc.assert(
      fc.property(anyChange, ({ before, after }) => {
        const changed = changeSnapshot(toSnapshot(before), changeBetween(before, after)).after;
        const whole = toSnapshot(after);
        for (const peer of after.peers) expect(mapOf(changed, peer)).toEqual(mapOf(whole, peer));
        expect(peersOf(changed).length).toBe(peersOf(whole).length);
      }),
    );
  });

  test('the affected set covers every map that changed', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        const before = toSnapshot(change.before);
        const { after, touched } = changeSnapshot(before, changeBetween(change.before, change.after));
        const affected = affectedBy(before, after, touched);
        for (const peer of peersOf(after)) {
          const [old, now] = [mapOf(before, peer), mapOf(after, peer) as NetworkMap];
          const same = old && digestOf({ ...old, number: 0 }) === digestOf({ ...now, number: 0 });
          if (!same) expect(isAffected(affected, peer), peer.id).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  const changed = (id: string, data: Partial<MeshPeer>) => {
    const peer = peersOf(PRACTICE).find((one) => one.id === id) as MeshPeer;
    const { after, touched } = changeSnapshot(PRACTICE, {
      number: 8,
      peers: new Map([[id, { ...peer, ...data }]]),
    });
    const affected = affectedBy(PRACTICE, after, touched);
    return peersOf(PRACTICE)
      .filter((one) => isAffected(affected, one))
      .map((one) => one.id.slice(5));
  };
  test('a member concerns its own cluster only', () => {
    expect(changed('peer_prod_node-1', { wireguardKey: 'another' })).toEqual([
      'prod_gw-1',
      'prod_node-1',
      'prod_node-2',
    ]);
  });
  test('a gateway’s private address concerns its own cluster only, its key all gateways', () => {
    const own = ['prod_gw-1', 'prod_node-1', 'prod_node-2'];
    expect(changed('peer_prod_gw-1', { privateAddress: '10.64.0.99' })).toEqual(own);
    expect(changed('peer_prod_gw-1', { wireguardKey: 'another' }).sort()).toEqual([
      'dr_gw-1',
      'dr_gw-2',
      ...own,
    ]);
  });
  test('in a hub a gateway’s key concerns its own cluster and those linked with it; in full topology everybody', () => {
    const base = { ...PRACTICE.network, hubClusterId: 'clu_dr' };
    const concerned = (topology: Snapshot['network']['topology'], id: string) => {
      const before = { ...THREE, network: { ...base, topology } };
      const gateway = peersOf(before).find((one) => one.id === id) as MeshPeer;
      const { after, touched } = changeSnapshot(before, {
        number: 8,
        peers: new Map([[id, { ...gateway, wireguardKey: 'another' }]]),
      });
      const affected = affectedBy(before, after, touched);
      return peersOf(before)
        .filter((one) => isAffected(affected, one))
        .map((one) => one.id.slice(5))
        .sort();
    };
    const own = ['prod_gw-1', 'prod_node-1', 'prod_node-2'];
    expect(concerned('hub', 'peer_prod_gw-1')).toEqual(['dr_gw-1', 'dr_gw-2', ...own]);
    expect(concerned('hybrid', 'peer_prod_gw-1')).toEqual(['dev_gw-9', 'dr_gw-1', 'dr_gw-2', ...own]);
    expect(concerned('hub', 'peer_prod_node-1')).toEqual(own);
    expect(concerned('full', 'peer_prod_node-1')).toEqual(
      peersOf(THREE)
        .map((one) => one.id.slice(5))
        .sort(),
    );
  });
  test('a row that says what it said before concerns nobody', () => {
    expect(changed('peer_prod_gw-1', {})).toEqual([]);
  });
});

describe('deltas', () => {
  test('lead from the one map to the other, through JSON and the contract', () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        const [before, after] = [toSnapshot(change.before), toSnapshot(change.after)];
        for (const peer of change.after.peers) {
          const [old, now] = [mapOf(before, peer), mapOf(after, peer) as NetworkMap];
          if (!old) continue;
          const delta = deltaBetween(old, now);
          if (delta === null) {
            expect({ ...now, number: old.number }).toEqual(old);
            continue;
          }
          const applied = applyDelta(structuredClone(old), JSON.parse(JSON.stringify(delta)));
          expect(applied).toEqual({ ok: true, map: now });
        }
      }),
    );
  });

  const [old, now] = (() => {
    const before = mapOf(PRACTICE, { id: 'peer_prod_node-1', clusterId: 'clu_prod' }) as NetworkMap;
    const { after } = changeSnapshot(PRACTICE, { number: 9, peers: new Map([['peer_prod_node-2', null]]) });
    return [before, mapOf(after, { id: 'peer_prod_node-1', clusterId: 'clu_prod' }) as NetworkMap];
  })();
  const delta = deltaBetween(old, now) as MapDelta;

  test('say what is gone, and nothing of what stayed', () => {
    expect([delta.base, delta.number, delta.digest]).toEqual([7, 9, digestOf(now)]);
    expect(delta.changes).toEqual([
      { set: 'peer-removed', id: 'peer_prod_node-2' },
      { set: 'name-removed', name: 'node-2.prod.shop.skein.test' },
    ]);
  });
  test.each([
    ['another base', { ...old, number: 6 }, delta, 'other-base'],
    ['another peer', { ...old, peerId: 'peer_x' }, delta, 'other-peer'],
    ['no progress', { ...old, number: 9 }, { ...delta, base: 9 }, 'not-newer'],
    ['a map that is not what it should be', { ...old, names: [] }, delta, 'digest-differs'],
    ['a change left out', old, { ...delta, changes: delta.changes.slice(1) }, 'digest-differs'],
  ] as const)('are refused for %s', (_, map, wrong, reason) => {
    expect(applyDelta(map as NetworkMap, wrong as MapDelta)).toEqual({ ok: false, reason });
  });
});

describe('digests', () => {
  test('do not depend on the order of keys', () => {
    const map = mapOf(PRACTICE, { id: 'peer_prod_gw-1', clusterId: 'clu_prod' }) as NetworkMap;
    const turned = JSON.parse(JSON.stringify(map), (_, value) =>
      value && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(digestOf(turned)).toBe(digestOf(map));
  });

  test('differ with every single leaf of a map', () => {
    const map = mapOf(PRACTICE, { id: 'peer_prod_node-1', clusterId: 'clu_prod' }) as NetworkMap;
    const seen = new Set([digestOf(map)]);
    let leaves = 0;
    const walk = (node: unknown, put: (value: unknown) => NetworkMap) => {
      if (node !== null && typeof node === 'object')
        for (const key of Object.keys(node))
          walk((node as Record<string, unknown>)[key], (value) =>
            put(Array.isArray(node) ? node.with(Number(key), value) : { ...node, [key]: value }),
          );
      else {
        leaves += 1;
        seen.add(digestOf(put(typeof node === 'number' ? node + 1 : `${node}x`)));
      }
    };
    walk(map, (value) => value as NetworkMap);
    expect(leaves).toBeGreaterThan(40);
    expect(seen.size).toBe(leaves + 1);
  });
});

describe('signatures', () => {
  const seed = createHash('sha256').update('map key').digest('base64');
  const key = openPrivateKey(seed);
  const map = mapOf(PRACTICE, { id: 'peer_prod_gw-1', clusterId: 'clu_prod' }) as NetworkMap;
  const signed = signMap({ kind: 'map', value: map }, key);

  test('hold for the signer’s key alone, for the very text, as its own kind', () => {
    const own = openPublicKey(publicKeyOf(key));
    const other = openPublicKey(
      publicKeyOf(openPrivateKey(createHash('sha256').update('other').digest('base64'))),
    );
    expect(verifyMap(signed, own)).toBe(true);
    expect(verifyMap(signed, other)).toBe(false);
    expect(verifyMap({ ...signed, payload: signed.payload.replace('gw-1', 'gw-2') }, own)).toBe(false);
    expect(verifyMap({ ...signed, kind: 'delta' }, own)).toBe(false);
    expect(verifyMap({ ...signed, signature: '' }, own)).toBe(false);
  });

  test('RFC 8032, test 1: the key pair of a known seed', () => {
    const known = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    expect(Buffer.from(publicKeyOf(openPrivateKey(known.toString('base64'))), 'base64').toString('hex')).toBe(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    expect(() => openPublicKey('c2hvcnQ=')).toThrow(RangeError);
  });
});

test('maps of the practice network are what the contract says, but for their invented keys', () => {
  const key = createHash('sha256').update('x').digest('base64');
  for (const peer of peersOf(PRACTICE)) {
    const map = mapOf(PRACTICE, peer) as NetworkMap;
    const withKeys = {
      ...map,
      self: { ...map.self, wireguardKey: key },
      peers: map.peers.map((one) => ({ ...one, wireguardKey: key })),
    };
    expect(NetworkMap.parse(withKeys)).toEqual(withKeys);
  }
});

/** Whether one peer is among those affected. */
function isAffected(affected: Affected, peer: { clusterId: string; role: 'gateway' | 'member' }): boolean {
  return (
    affected.everyone ||
    affected.clusters.has(peer.clusterId) ||
    ((affected.gateways || affected.gatewaysOf.has(peer.clusterId)) && peer.role === 'gateway')
  );
}
