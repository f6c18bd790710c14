import type { NetworkMap } from '@skein/contract/agent/map.ts';
import { RANGES_CIDR } from '@skein/contract/primitive.ts';
import { MOST_RANGES_OF_A_CLUSTER, NewRange } from '@skein/contract/rest/range.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatAddress, formatCidr, overlaps, parseAddress, parseCidr } from '../ipam/cidr.ts';
import { buildMap } from '../map/build.ts';
import { namesOf } from '../name/view.ts';
import { type ClusterPart, changeSnapshot, type MeshRange, type Snapshot } from '../network.ts';
import { anyRows, PRACTICE, toSnapshot } from '../testing/networks.ts';
import { endsOfWay } from '../testing/walk.ts';
import { graphOf } from '../topology/plan.ts';
import { pathBetween } from '../topology/ways.ts';
import { allocateRange, type RangePlace, rangeProblems } from './accept.ts';
import { carriedBy } from './carriers.ts';
import { translate } from './translate.ts';

const anyCidr = fc
  .record({ at: fc.nat(2 ** 32 - 1), prefixLength: fc.integer({ min: 12, max: 32 }) })
  .map(({ at, prefixLength }) => formatCidr(parseCidr(`${formatAddress(at)}/${prefixLength}`)));

test('ranges are given addresses of their own size, apart from all others', () => {
  fc.assert(
    fc.property(fc.array(anyCidr, { maxLength: 40 }), (wanted) => {
      const given: string[] = [];
      for (const cidr of wanted) {
        const grant = allocateRange(cidr, given);
        if (!grant.ok) continue;
        expect(contains(RANGES_CIDR, grant.cidr)).toBe(true);
        expect(parseCidr(grant.cidr).prefixLength).toBe(parseCidr(cidr).prefixLength);
        expect(grant.cidr).toBe(formatCidr(parseCidr(grant.cidr)));
        for (const other of given) expect(overlaps(grant.cidr, other), `${grant.cidr} ${other}`).toBe(false);
        given.push(grant.cidr);
      }
    }),
  );
  const widest = Array.from({ length: 16 }, (_, at) => `242.${at * 16}.0.0/12`);
  expect(allocateRange('10.0.0.0/12', widest.slice(0, 15))).toEqual({ ok: true, cidr: '242.240.0.0/12' });
  expect(allocateRange('10.0.0.0/32', widest)).toEqual({ ok: false, reason: 'pool-full' });
});

test('there and back is where one was; neighbours stay neighbours', () => {
  fc.assert(
    fc.property(anyCidr, fc.nat(2 ** 20), (cidr, seed) => {
      const { first, prefixLength } = parseCidr(cidr);
      const size = 2 ** (32 - prefixLength);
      const grant = allocateRange(cidr, ['242.0.0.0/13', '242.8.0.3/32']);
      if (!grant.ok) throw new Error(cidr);
      const address = formatAddress(first + (seed % size));
      const there = translate(address, cidr, grant.cidr);
      expect(contains(grant.cidr, there)).toBe(true);
      expect(translate(there, grant.cidr, cidr)).toBe(address);
      expect(parseAddress(there) - parseCidr(grant.cidr).first).toBe(seed % size);
    }),
  );
  expect(() => translate('10.43.0.1', '10.42.0.0/16', '242.0.0.0/16')).toThrow(RangeError);
});

const office: MeshRange = {
  id: 'rng_office',
  name: 'office',
  peerId: null,
  cidr: '10.42.0.0/16',
  overlayCidr: '242.1.0.0/16',
  replies: 'masqueraded',
  hosts: [{ name: 'printer', address: '10.42.7.9' }],
};
const withRanges = (cluster: string, ranges: MeshRange[]): Snapshot => {
  const part = PRACTICE.parts.get(`clu_${cluster}`) as ClusterPart;
  const clusters = new Map([[part.cluster.id, { ...part.cluster, ranges }]]);
  return changeSnapshot(PRACTICE, { number: 8, clusters }).after;
};

test('a host answers its own address inside and the translated one everywhere else', () => {
  const part = withRanges('prod', [office]).parts.get('clu_prod') as ClusterPart;
  expect(namesOf(part, 'shop.skein.test').find(({ name }) => name.startsWith('printer'))).toEqual({
    name: 'printer.prod.shop.skein.test',
    inside: ['10.42.7.9'],
    outside: ['242.1.7.9'],
    public: ['242.1.7.9'],
    ipv4Only: true,
  });
});

test('the maps of gateways carry ranges, all others route to them', () => {
  const snapshot = withRanges('dr', [
    office,
    { ...office, id: 'rng_x', peerId: 'peer_dr_gw-2', overlayCidr: '242.0.0.0/16' },
  ]);
  const self = (cluster: string, name: string) =>
    buildMap(snapshot, `clu_${cluster}`, `peer_${cluster}_${name}`)?.self;
  const own = { cidr: '10.42.0.0/16', overlayCidr: '242.1.0.0/16', replies: 'masqueraded', alone: false };
  expect(self('dr', 'gw-1')?.ranges).toEqual([own]);
  expect(self('dr', 'gw-2')?.ranges).toEqual([{ ...own, overlayCidr: '242.0.0.0/16', alone: true }, own]);
  expect(self('dr', 'gw-1')?.clusterRanges).toEqual(['242.0.0.0/16', '242.1.0.0/16']);
  expect(self('prod', 'node-1')).toMatchObject({ ranges: [], clusterRanges: [], rangesCidr: '242.0.0.0/8' });
  const ips = (name: string) =>
    buildMap(snapshot, 'clu_prod', `peer_prod_${name}`)?.peers.map((peer) => [peer.id, peer.allowedIps]);
  expect(ips('gw-1')?.slice(0, 2)).toEqual([
    ['peer_dr_gw-1', ['100.64.1.0/24', '100.64.1.1/32', '242.1.0.0/16']],
    ['peer_dr_gw-2', ['100.64.1.0/24', '100.64.1.2/32', '242.1.0.0/16', '242.0.0.0/16']],
  ]);
  expect(ips('node-1')?.[0]).toEqual(['peer_prod_gw-1', ['100.64.0.1/32', '100.64.0.0/16', '242.0.0.0/8']]);
});

test('whatever the topology: what is sent to a range comes to who carries it, and its answers come back', () => {
  let walked = 0;
  fc.assert(
    fc.property(anyRows, (rows) => {
      const snapshot = toSnapshot(rows);
      const { topology } = snapshot.network;
      const maps = new Map<string, NetworkMap>();
      for (const peer of rows.peers)
        maps.set(peer.id, buildMap(snapshot, peer.clusterId, peer.id) as NetworkMap);
      for (const part of snapshot.parts.values())
        for (const range of part.cluster.ranges) {
          const host = translate('10.42.0.9', '10.42.0.0/24', range.overlayCidr);
          const carriers = part.peers.filter((peer) => carriedBy(topology, part, peer).includes(range));
          for (const from of carriers.length === 0 ? [] : rows.peers) {
            if (carriers.includes(from)) continue;
            // A gateway has no way to what its own cluster's gateways carry: it carries it, or works as a member.
            const linked =
              from.clusterId === part.cluster.id ||
              pathBetween(graphOf(snapshot), from.clusterId, part.cluster.id) !== undefined;
            if (!linked) continue;
            walked += 1;
            const ids = carriers.map(({ id }) => id);
            for (const end of endsOfWay(maps, from.id, from.overlayAddress, host)) expect(ids).toContain(end);
            for (const carrier of carriers)
              for (const end of endsOfWay(maps, carrier.id, host, from.overlayAddress))
                expect(end, `back from ${carrier.id}`).toBe(from.id);
          }
        }
    }),
    { numRuns: 120 },
  );
  expect(walked).toBeGreaterThan(60);
}, 60_000);

describe('what is refused', () => {
  const place: RangePlace = {
    networkCidr: '100.64.0.0/16',
    peers: [
      { id: 'peer_1', name: 'gw-1' },
      { id: 'peer_2', name: 'node-1' },
    ],
    ranges: [{ name: 'office', peerId: null, cidr: '10.42.0.0/16', hosts: [{ name: 'printer' }] }],
  };
  const problems = (wish: Partial<NewRange>, at = place) =>
    rangeProblems(at, NewRange.parse({ name: 'pods', cidr: '10.43.0.0/16', ...wish })).map(
      ({ path, message }) => `${path}: ${message}`,
    );
  test('nothing of what may be', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ peerId: 'peer_2', hosts: [{ name: 'web', address: '10.43.9.9' }] })).toEqual([]);
    const pods = { name: 'a', peerId: 'peer_1', cidr: '10.43.0.0/16', hosts: [] };
    expect(problems({ peerId: 'peer_2' }, { ...place, ranges: [pods] })).toEqual([]);
    expect(problems({ peerId: 'peer_1' }, { ...place, ranges: [pods] })).toHaveLength(1);
    expect(problems({}, { ...place, ranges: [pods] })).toHaveLength(1);
  });
  test.each([
    [{ cidr: '10.43.0.1/16' }, 'cidr: 10.43.0.1/16 has host bits set: did you mean 10.43.0.0/16?'],
    [{ cidr: '10.0.0.0/11' }, 'cidr: must be no wider than a /12'],
    [{ cidr: '100.64.9.0/24' }, 'cidr: overlaps the network’s own range 100.64.0.0/16'],
    [{ cidr: '242.9.0.0/24' }, 'cidr: overlaps 242.0.0.0/8: what Skein gives ranges addresses from'],
    [{ cidr: '127.9.0.0/24' }, 'cidr: overlaps 127.0.0.0/8: every node’s own loopback'],
    [{ cidr: '169.254.9.0/24' }, 'cidr: overlaps 169.254.0.0/16: link-local addresses, which are not routed'],
    [{ cidr: '224.0.0.0/24' }, 'cidr: overlaps 224.0.0.0/4: multicast'],
    [{ cidr: '0.1.0.0/24' }, 'cidr: overlaps 0.0.0.0/8: “this network”, where no hosts are'],
    [{ peerId: 'peer_9' }, 'peerId: there is no such peer in this cluster'],
    [{ name: 'office' }, 'name: the cluster has a range office already'],
    [
      { cidr: '10.42.7.0/24' },
      'cidr: overlaps 10.42.0.0/16 of the range office, which the same peers may carry',
    ],
    [
      { hosts: [{ name: 'gw-1', address: '10.43.0.5' }] },
      'hosts.0.name: a peer of the cluster is called gw-1 already',
    ],
    [
      { hosts: [{ name: 'printer', address: '10.43.0.5' }] },
      'hosts.0.name: a host of the cluster is called printer already',
    ],
    [{ hosts: [{ name: 'web', address: '10.44.0.5' }] }, 'hosts.0.address: 10.44.0.5 is not in 10.43.0.0/16'],
  ])('%j', (wish, words) => {
    expect(problems(wish)).toEqual([words]);
  });
  test('a cluster has so many and no more', () => {
    const ranges = Array.from({ length: MOST_RANGES_OF_A_CLUSTER }, (_, at) => ({
      name: `r${at}`,
      peerId: null,
      cidr: `10.50.${at}.0/24`,
      hosts: [],
    }));
    expect(problems({}, { ...place, ranges })).toEqual(['name: a cluster has no more than 64 ranges']);
  });
  test('two hosts of one name, and what is no range at all', () => {
    const web = { name: 'web', address: '10.43.0.5' };
    expect(problems({ hosts: [web, web] })).toEqual([
      'hosts.1.name: a host of the cluster is called web already',
    ]);
    expect(NewRange.safeParse({ name: 'x', cidr: '10.0.0.0' }).success).toBe(false);
    expect(NewRange.safeParse({ name: 'x', cidr: 'fd00::/64' }).success).toBe(false);
  });
});
