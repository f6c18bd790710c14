import type { MapPeer } from '@skein/contract/agent/map.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayMap, memberMap, peerA2, peerB1 } from '../fixture/map.ts';
import {
  carriesOthers,
  MOST_UNREACHABLE,
  planPodWays,
  planWays,
  unreachableBy,
  type Verdict,
} from './ways.ts';

const member = { ...memberMap.self, overlayAddress: '100.64.1.13' };
const gateway = gatewayMap.self;
const peerOf = (id: string, overlayAddress: string, plane: number, carried: string[]): MapPeer => ({
  ...(id.startsWith('g') ? peerB1 : peerA2),
  clusterId: overlayAddress.startsWith('100.64.1.') ? 'clu_a' : 'clu_other',
  id,
  overlayAddress,
  plane,
  allowedIps: [`${overlayAddress}/32`, ...carried],
});
const mates = [0, 1].map((rank) => peerOf(`g${rank}`, `100.64.1.1${rank}`, rank, ['100.64.0.0/16']));
const neighbours = (cluster: number) =>
  [0, 1].map((rank) =>
    peerOf(`g${cluster}${rank}`, `100.64.${cluster}.1${rank}`, rank, [`100.64.${cluster}.0/24`]),
  );
const verdict = (change: Partial<Verdict>): Verdict => ({
  live: true,
  draining: false,
  unreachable: [],
  ...change,
});
const ways = (self: typeof member, peers: MapPeer[], verdicts: Record<string, Partial<Verdict>> = {}) =>
  planWays(self, peers, new Map(Object.entries(verdicts).map(([id, change]) => [id, verdict(change)]))).map(
    (way) => `${way.destination} by ${way.planes.join(' ')}`,
  );

test('with one gateway there is one route, whoever one is', () => {
  expect(ways(member, memberMap.peers)).toEqual(['100.64.0.0/16 by 0']);
  expect(ways(gateway, gatewayMap.peers)).toEqual(['100.64.0.0/16 by 0']);
  expect(ways(gateway, [])).toEqual(['100.64.0.0/16 by 0']);
  expect(ways(gateway, gatewayMap.peers, { peer_b1: { live: false } })).toEqual(['100.64.0.0/16 by 0']);
});

test('a member spreads over both gateways, but keeps its own cluster where members are', () => {
  const peers = [...mates, peerOf('m', '100.64.1.14', 0, [])];
  const spread = ['100.64.0.0/16 by 0 1', '100.64.1.0/24 by 0', '100.64.1.11/32 by 1'];
  expect(ways(member, peers)).toEqual(spread);
  const alone = ['100.64.0.0/16 by 1', '100.64.1.0/24 by 0', '100.64.1.11/32 by 1'];
  expect(ways(member, peers, { g0: { live: false } })).toEqual(alone);
  expect(ways(member, peers, { g0: { draining: true } })).toEqual(alone);
  expect(ways(member, peers, { g0: { live: false }, g1: { live: false } })).toEqual(spread);
  expect(ways(member, peers, { g0: { live: false }, g1: { draining: true } })).toEqual(alone);
});

test('what one gateway does not reach goes by the other, and by both where neither does', () => {
  expect(ways(member, mates, { g1: { unreachable: ['100.64.2.0/24'] } })).toEqual([
    '100.64.0.0/16 by 0 1',
    '100.64.1.0/24 by 0',
    '100.64.2.0/24 by 0',
    '100.64.1.11/32 by 1',
  ]);
  const both = { unreachable: ['100.64.2.0/24'] };
  expect(ways(member, mates, { g0: both, g1: both })).toHaveLength(3);
  expect(ways(member, mates, { g0: { unreachable: ['100.64.0.0/16'] } })[0]).toBe('100.64.0.0/16 by 1');
  // Nobody sends what is its own, or not the network's, elsewhere.
  expect(ways(member, mates, { g0: { unreachable: ['100.64.1.13/32', '10.0.0.0/8'] } })).toHaveLength(3);
});

test('a gateway spreads over those of each other cluster, and goes straight to each for itself', () => {
  const peers = [...neighbours(2), ...neighbours(3)];
  expect(ways(gateway, peers, { g20: { live: false } })).toEqual([
    '100.64.0.0/16 by 0',
    '100.64.2.0/24 by 1',
    '100.64.3.0/24 by 0 1',
    '100.64.2.10/32 by 0',
    '100.64.3.10/32 by 0',
    '100.64.3.11/32 by 1',
  ]);
});

test('an agent tells what no carrier of its own reaches', () => {
  const peers = [...mates.map((mate) => ({ ...mate, allowedIps: [`${mate.overlayAddress}/32`] })), peerA2];
  const told = (verdicts: Record<string, Partial<Verdict>>) =>
    unreachableBy(
      gateway,
      [...peers, ...neighbours(2), ...neighbours(3)],
      new Map(Object.entries(verdicts).map(([id, change]) => [id, verdict(change)])),
    );
  const dead = { live: false };
  expect(told({})).toEqual([]);
  expect(told({ g0: dead, g20: { draining: true }, g21: { draining: true } })).toEqual([]);
  expect(told({ g20: dead })).toEqual(['100.64.2.10/32']);
  expect(told({ g20: dead, g21: dead })).toEqual(['100.64.2.0/24', '100.64.2.10/32', '100.64.2.11/32']);
  expect(told({ g20: dead, g21: dead, g30: dead, g31: dead })).toEqual(['100.64.0.0/16']);
  const many = Array.from({ length: MOST_UNREACHABLE + 2 }, (_, index) => neighbours(index + 2)).flat();
  const most = many.slice(4).map((peer): [string, Verdict] => [peer.id, verdict(dead)]);
  expect(unreachableBy(gateway, many, new Map(most))).toEqual(['100.64.0.0/16']);
});

test('whatever is known of gateways: every address has a route, and none by a worse plane than the best there is', () => {
  const anyVerdict = fc.record({
    live: fc.boolean(),
    draining: fc.boolean(),
    unreachable: fc.subarray(['100.64.2.0/24', '100.64.3.0/24', '100.64.3.11/32', '100.64.0.0/16']),
  });
  const peers = [...neighbours(2), ...neighbours(3)];
  const inside = [...mates, peerOf('m', '100.64.1.14', 0, [])];
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.dictionary(fc.constantFrom(...[...peers, ...mates].map((peer) => peer.id)), anyVerdict),
      fc.constantFrom('100.64.2.99', '100.64.3.11', '100.64.9.9', '100.64.1.14', '100.64.1.77'),
      (asMember, said, target) => {
        const verdicts = new Map(Object.entries(said));
        const held = asMember ? inside : peers;
        const planned = planWays(asMember ? member : gateway, held, verdicts);
        const longest = (cidrs: { destination: string; planes: readonly number[] }[]) =>
          cidrs
            .filter((one) => contains(one.destination, target))
            .sort((a, b) => Number(b.destination.split('/')[1]) - Number(a.destination.split('/')[1]))[0];
        const taken = longest(planned);
        expect(taken?.planes.length).toBeGreaterThan(0);
        // Nothing may be sent to a plane whose WireGuard gives it to nobody or to somebody of a wider prefix.
        const carrying = longest(
          held.flatMap((peer) =>
            peer.allowedIps.map((destination) => ({ destination, planes: [peer.plane] })),
          ),
        );
        if (!carrying || contains('100.64.1.0/24', target)) return;
        const carriers = held.filter((peer) => peer.allowedIps.includes(carrying.destination));
        const rank = (peer: MapPeer) => {
          const known = verdicts.get(peer.id);
          if (!known) return 0;
          const home = peer.allowedIps.find(
            (cidr) => cidr.endsWith('/24') && contains(cidr, peer.overlayAddress),
          );
          const lost =
            known.unreachable.some((cidr) => contains(cidr, target)) && !(home && contains(home, target));
          return known.live ? (lost ? 2 : 0) + (known.draining ? 1 : 0) : 4;
        };
        const best = Math.min(...carriers.map(rank));
        expect(taken?.planes).toEqual(
          carriers.filter((peer) => rank(peer) === best).map((peer) => peer.plane),
        );
      },
    ),
  );
});

test('gateways of two clusters that start together and reach nothing yet do not keep each other so', () => {
  const nothing = { unreachable: ['100.64.0.0/16'] };
  const verdicts = new Map(neighbours(2).map((peer) => [peer.id, verdict(nothing)]));
  expect(unreachableBy(gateway, neighbours(2), verdicts)).toEqual([]);
  expect(ways(gateway, neighbours(2), { g20: nothing })).toEqual([
    '100.64.0.0/16 by 0',
    '100.64.2.0/24 by 0 1',
    '100.64.2.10/32 by 0',
    '100.64.2.11/32 by 1',
  ]);
  // But what lies beyond the other cluster is lost with it.
  const transit = neighbours(2).map((peer) => ({
    ...peer,
    allowedIps: [...peer.allowedIps, '100.64.3.0/24'],
  }));
  expect(unreachableBy(gateway, transit, verdicts)).toEqual(['100.64.3.0/24']);
});

test('ranges behind clusters are routed like the rest, each by those who carry it', () => {
  const withRanges = { ...member, rangesCidr: '242.0.0.0/8' };
  const range = '242.1.0.0/16';
  const both = mates.map((mate) => ({ ...mate, allowedIps: [...mate.allowedIps, '242.0.0.0/8'] }));
  const planned = (peers: MapPeer[], said: Record<string, Partial<Verdict>> = {}) =>
    ways(withRanges, peers, said);
  expect(planned([])).toEqual(['242.0.0.0/8 by 0', '100.64.0.0/16 by 0']);
  expect(planned(both).slice(0, 2)).toEqual(['242.0.0.0/8 by 0 1', '100.64.0.0/16 by 0 1']);
  expect(planned(both, { g0: { unreachable: [range] } })).toContain('242.1.0.0/16 by 1');
  // A mate that carries a range of its own.
  const pods = peerOf('m', '100.64.1.14', 0, ['242.2.0.0/24']);
  expect(planned([...both, pods])).toContain('242.2.0.0/24 by 0');

  const carriers = neighbours(2).map((peer) => ({ ...peer, allowedIps: [...peer.allowedIps, range] }));
  const dead = { live: false, draining: false, unreachable: [] };
  const lost = new Map(carriers.map((peer) => [peer.id, dead]));
  const self = { ...gateway, rangesCidr: '242.0.0.0/8' };
  expect(unreachableBy(self, carriers, lost)).toEqual(['100.64.0.0/16', '242.0.0.0/8']);
  expect(unreachableBy(self, [...carriers, ...neighbours(3)], lost)).toContain(range);
  // Neighbours are told as one.
  const many = carriers.map((peer) => ({
    ...peer,
    allowedIps: [...peer.allowedIps, ...Array.from({ length: 64 }, (_, at) => `242.2.${at}.0/24`)],
  }));
  expect(unreachableBy(self, [...many, ...neighbours(3)], lost)).toEqual([
    '100.64.2.0/24',
    '100.64.2.10/32',
    '100.64.2.11/32',
    range,
    '242.2.0.0/18',
  ]);
});

test('only a gateway that carries more than itself is a carrier', () => {
  const pods = { ...peerA2, allowedIps: [...peerA2.allowedIps, '242.0.0.0/24'] };
  expect([peerA2, pods, peerB1].map(carriesOthers)).toEqual([false, false, true]);
});

test('pods of other clusters have a route each; those of the own one are for the table beside, but of a node that has none', () => {
  const pods = { own: ['10.128.0.0/24'], cluster: '10.128.0.0/18', elsewhere: ['10.128.64.0/18'] };
  const self = { ...gateway, pods };
  const peers = [
    peerOf('m', '100.64.1.14', 0, ['10.128.2.0/24']),
    peerOf('g1', '100.64.1.12', 1, ['10.128.1.0/24']),
    ...[0, 1].map((rank) =>
      peerOf(`g2${rank}`, `100.64.2.1${rank}`, rank, [
        '100.64.2.0/24',
        '10.128.64.0/18',
        `10.128.${64 + rank}.0/24`,
      ]),
    ),
  ];
  const planned = ways(self, peers);
  expect(planned.filter((way) => way.startsWith('10.'))).toEqual([
    '10.128.64.0/18 by 0 1',
    '10.128.64.0/24 by 0',
    '10.128.65.0/24 by 1',
  ]);
  expect(planPodWays(self, peers)).toEqual([
    { destination: '10.128.1.0/24', planes: [1] },
    { destination: '10.128.2.0/24', planes: [0] },
  ]);
  expect(ways({ ...member, pods: { ...pods, cluster: null, own: [] } }, mates)).toContain(
    '10.128.64.0/18 by 0',
  );
  // Whoever reaches nothing of the network reaches no pods either.
  expect(ways(self, peers, { g20: { unreachable: ['100.64.0.0/16'] } })).toContain('10.128.64.0/18 by 1');
  const dead = new Map(['g20', 'g21', 'm', 'g1'].map((id) => [id, verdict({ live: false })]));
  expect(unreachableBy(self, peers, dead)).toEqual(['100.64.0.0/16']);
  const others = [...peers, ...neighbours(3)];
  expect(unreachableBy(self, others, dead)).toEqual(
    expect.arrayContaining(['100.64.2.0/24', '10.128.64.0/18']),
  );
});
