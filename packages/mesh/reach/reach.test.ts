import { Topology } from '@skein/contract/primitive.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changeSnapshot,
  type MeshCluster,
  type MeshPeer,
  type MeshRange,
  type Snapshot,
  snapshotOf,
} from '../network.ts';
import { podsOf } from '../pods/carry.ts';
import { decide, type End, endsIn, isSameEnd } from '../policy/decide.ts';
import { carriedBy } from '../range/carriers.ts';
import { planRelays } from '../relay/plan.ts';
import { anyRows, NETWORK, toSnapshot } from '../testing/networks.ts';
import { anyPort } from '../testing/policies.ts';
import type { Answer } from './answer.ts';
import { podsId, reach } from './reach.ts';
import { imagine, plannedWorld, type Standing, type World } from './world.ts';

const OPEN = Policy.parse({ default: 'allow', rules: [] });

/** Clusters of plain hosts with these peers: `open`, or behind a NAT; names that begin with `g` are gateways. */
function hosts(
  clusters: Record<string, Record<string, Standing['outside']['kind']>>,
  network: Partial<Snapshot['network']> = {},
): World {
  const rows = Object.entries(clusters).map(([name, nodes], at) => ({
    cluster: clusterOf(name, at, null),
    peers: Object.entries(nodes).map(([node, kind], index) => ({
      kind,
      peer: peerOf(name, node, `100.64.${at}.${index + 1}`, [
        {
          kind: kind === 'open' ? 'public' : 'observed',
          address: `203.0.113.${at * 20 + index + 1}`,
          port: 51820,
        },
      ]),
    })),
  }));
  const snapshot = snapshotOf(
    1,
    { ...NETWORK, policy: OPEN, ...network },
    rows.map((row) => row.cluster),
    rows.flatMap((row) => row.peers.map(({ peer }) => peer)),
  );
  const world = plannedWorld(snapshot);
  const kinds = new Map(rows.flatMap((row) => row.peers.map(({ peer, kind }) => [peer.id, kind])));
  const standings = new Map(
    [...world.standings].map(([id, one]) => [
      id,
      { ...one, outside: { ...one.outside, kind: kinds.get(id) ?? 'nat' } as Standing['outside'] },
    ]),
  );
  return { ...world, standings };
}

function clusterOf(name: string, at: number, vpcCidr: string | null): MeshCluster {
  return {
    id: `clu_${name}`,
    name,
    overlayCidr: `100.64.${at}.0/24`,
    vpcCidr,
    peered: [],
    place: vpcCidr === null ? null : { provider: at === 0 ? 'aws' : 'gcp', region: 'r' },
    labels: {},
    ranges: [],
  };
}

function peerOf(
  cluster: string,
  name: string,
  overlayAddress: string,
  endpoints: MeshPeer['endpoints'],
): MeshPeer {
  return {
    id: `${name}.${cluster}`,
    clusterId: `clu_${cluster}`,
    name,
    role: name.startsWith('g') ? 'gateway' : 'member',
    wireguardKey: `key of ${name}.${cluster}`,
    nextWireguardKey: null,
    retiredKey: null,
    overlayAddress,
    privateAddress: null,
    publicAddress: null,
    endpoints,
    labels: {},
    relay: null,
  };
}

/** Two clusters that Skein made, each of two gateways and a member. */
function clouds(policy = OPEN): World {
  const clusters = ['a', 'b'].map((name, at) => clusterOf(name, at, `10.64.${at * 16}.0/20`));
  const peers = clusters.flatMap(({ name }, at) =>
    ['g1', 'g2', 'm1'].map((node, index) => ({
      ...peerOf(name, node, `100.64.${at}.${index + 1}`, [
        { kind: 'private', address: `10.64.${at * 16}.${10 + index}`, port: 51820 },
        { kind: 'public', address: `203.0.113.${at * 20 + index + 1}`, port: 51820 },
      ]),
      privateAddress: `10.64.${at * 16}.${10 + index}`,
    })),
  );
  return plannedWorld(snapshotOf(1, { ...NETWORK, policy }, clusters, peers));
}

function ask(world: World, from: string, to: string, port = 8080): Answer {
  return reach(world, { from, to, protocol: 'tcp', port });
}

function changed(world: World, id: string, change: Partial<Standing>): World {
  const standing = world.standings.get(id);
  if (!standing) throw new Error(`no peer ${id}`);
  return { ...world, standings: new Map(world.standings).set(id, { ...standing, ...change }) };
}

test('a member reaches a member of another cluster by gateways, and the rule that lets it is told', () => {
  const rules = [
    { name: 'web', action: 'allow', from: ['any'], to: ['cluster:b'], protocol: 'tcp', ports: [80] },
  ];
  const world = clouds(Policy.parse({ default: 'deny', rules }));
  expect(ask(world, 'm1.a', 'm1.b', 80)).toEqual({
    verdict: 'reached',
    partly: false,
    hops: ['m1.a', 'g1.a', 'g1.b', 'm1.b'],
    decidedBy: { hop: 'm1.b', layer: 'policy', words: 'allowed by rule 1 (web)' },
  });
  // The gateway of the target's cluster is the first that knows.
  expect(ask(world, 'm1.a', 'm1.b', 81)).toMatchObject({
    verdict: 'blocked',
    hops: ['m1.a', 'g1.a', 'g1.b'],
    decidedBy: { hop: 'g1.b', layer: 'policy', words: 'denied by the default' },
  });
  expect(ask(world, 'm1.a', 'nobody')).toMatchObject({ decidedBy: { hop: 'nobody', layer: 'no-such-peer' } });
});

test('of two gateways one may be lost, and of a cloud everything', () => {
  const world = clouds();
  expect(ask(imagine(world, { lost: ['g1.a'] }), 'm1.a', 'm1.b')).toMatchObject({
    verdict: 'reached',
    hops: ['m1.a', 'g2.a', 'g1.b', 'm1.b'],
  });
  expect(ask(imagine(world, { lost: ['g1.a', 'g2.a'] }), 'm1.a', 'm1.b')).toMatchObject({
    verdict: 'blocked',
    partly: false,
    decidedBy: { hop: 'g1.a', layer: 'tunnel', words: 'it is lost' },
  });
  for (const lost of ['gcp', 'clu_b', 'm1.b'])
    expect(ask(imagine(world, { lost: [lost] }), 'm1.a', 'm1.b'), lost).toMatchObject({
      verdict: 'blocked',
      decidedBy: { hop: 'm1.b', layer: 'no-such-peer', words: 'it is lost' },
    });
  const other = Policy.parse({ default: 'deny', rules: [] });
  expect(ask(imagine(world, { policy: other }), 'm1.a', 'm1.b').decidedBy.layer).toBe('policy');
});

test('plain hosts behind NATs reach each other by IPv6, where both have some; groups let in none', () => {
  const hosts = (...global: boolean[]) =>
    plannedWorld(
      snapshotOf(
        1,
        { ...NETWORK, policy: OPEN },
        ['a', 'b'].map((name, at) => clusterOf(name, at, null)),
        ['a', 'b'].map((name, at) =>
          peerOf(name, 'g1', `100.64.${at}.1`, [
            { kind: 'private', address: '192.168.1.5', port: 51820 },
            ...(global[at] ? [{ kind: 'global' as const, address: `2001:db8::${at + 1}`, port: 51820 }] : []),
          ]),
        ),
      ),
    );
  expect(ask(hosts(true, true), 'g1.a', 'g1.b').verdict).toBe('reached');
  expect(ask(hosts(true, false), 'g1.a', 'g1.b').verdict).toBe('blocked');
  expect(ask(hosts(false, true), 'g1.a', 'g1.b').verdict).toBe('blocked');
  expect(ask(hosts(false, false), 'g1.a', 'g1.b').verdict).toBe('blocked');
  const shut = changed(hosts(true, true), 'g1.b', { letsIn: [] });
  // It answers all the same: b calls a.
  expect(ask(shut, 'g1.a', 'g1.b').verdict).toBe('reached');
  const bothShut = changed(shut, 'g1.a', { letsIn: [], global: [] });
  expect(ask(bothShut, 'g1.a', 'g1.b').verdict).toBe('blocked');
});

test('a rule that is missing in a security group is told where it is missing', () => {
  const world = clouds();
  const both = changed(changed(world, 'g1.b', { letsIn: [] }), 'g1.a', { letsIn: [] });
  // Groups keep state: two that let in nobody still let in each other's calls, for both call at once.
  expect(ask(both, 'm1.a', 'm1.b').verdict).toBe('reached');
  // Where one calls from elsewhere than the other thinks, that does not help.
  const outside = { kind: 'changing-nat', address: '203.0.113.1' } as const;
  const moved = changed(both, 'g1.a', { outside });
  expect(ask(moved, 'g1.a', 'g1.b')).toMatchObject({
    verdict: 'blocked',
    partly: false,
    decidedBy: { hop: 'g1.b', layer: 'security-group', words: expect.stringContaining('203.0.113.1') },
  });
  // Whoever finds a gateway dead goes by the other one.
  expect(ask(moved, 'm1.a', 'm1.b').verdict).toBe('reached');
});

describe('ranges', () => {
  const range = (id: string, at: number, change: Partial<MeshRange> = {}): MeshRange => ({
    id,
    name: id.slice(0, id.indexOf('.')),
    peerId: null,
    cidr: '10.42.0.0/16',
    overlayCidr: `242.${at}.0.0/16`,
    replies: 'routed',
    hosts: [],
    ...change,
  });
  const behind = (policy = OPEN, topology: Topology = 'hybrid'): World => {
    const { snapshot } = clouds(policy);
    const of: Record<string, MeshRange[]> = {
      clu_a: [range('lan.a', 0), range('pods.a', 1, { peerId: 'm1.a' })],
      clu_b: [range('lan.b', 2, { replies: 'masqueraded' }), range('pods.b', 3, { peerId: 'm1.b' })],
    };
    const clusters = new Map(
      [...snapshot.parts].map(([id, { cluster }]) => [id, { ...cluster, ranges: of[id] ?? [] }]),
    );
    const network = { ...snapshot.network, topology };
    return plannedWorld(changeSnapshot(snapshot, { number: 2, network, clusters }).after);
  };

  test('what is behind gateways is reached by any of them, what one peer carries by that one', () => {
    const world = behind();
    expect(ask(world, 'm1.a', 'lan.b')).toEqual({
      verdict: 'reached',
      partly: false,
      hops: ['m1.a', 'g1.a', 'g1.b'],
      decidedBy: { hop: 'g1.b', layer: 'policy', words: 'allowed by the default' },
    });
    expect(ask(world, 'm1.b', 'lan.b')).toMatchObject({ verdict: 'reached', hops: ['m1.b', 'g1.b'] });
    expect(ask(world, 'lan.a', 'pods.b')).toMatchObject({
      verdict: 'reached',
      hops: ['g1.a', 'g1.b', 'm1.b'],
    });
    const one = imagine(world, { lost: ['g1.b'] });
    expect(ask(one, 'm1.a', 'lan.b')).toMatchObject({ verdict: 'reached', hops: ['m1.a', 'g1.a', 'g2.b'] });
    const none = imagine(world, { lost: ['g1.b', 'g2.b'] });
    expect(ask(none, 'm1.a', 'lan.b').decidedBy).toMatchObject({ layer: 'no-such-peer', hop: 'lan.b' });
    expect(ask(behind(OPEN, 'full'), 'm1.a', 'lan.b')).toMatchObject({
      verdict: 'reached',
      hops: ['m1.a', 'g1.b'],
    });
  });

  test('masqueraded hosts begin nothing; a carrier needs no overlay for what is behind itself', () => {
    const world = behind();
    expect(ask(world, 'lan.b', 'm1.a').decidedBy).toMatchObject({ layer: 'route', hop: 'g1.b' });
    expect(ask(world, 'm1.a', 'pods.a')).toMatchObject({ verdict: 'reached', hops: ['m1.a'] });
    expect(ask(world, 'lan.a', 'pods.a')).toMatchObject({ verdict: 'reached', hops: ['g1.a', 'm1.a'] });
  });

  test('the carrier judges, by the range', () => {
    const rules = [
      { action: 'allow', from: ['cluster:a'], to: ['range:pods.b'], protocol: 'tcp', ports: [80] },
    ];
    const world = behind(Policy.parse({ default: 'deny', rules }));
    expect(ask(world, 'lan.a', 'pods.b', 80)).toMatchObject({
      verdict: 'reached',
      decidedBy: { hop: 'm1.b', words: 'allowed by rule 1' },
    });
    expect(ask(world, 'lan.a', 'pods.b', 81)).toMatchObject({
      verdict: 'blocked',
      decidedBy: { layer: 'policy', words: 'denied by the default' },
    });
    expect(ask(world, 'm1.a', 'lan.b', 80).verdict).toBe('blocked');
  });
});

describe('NATs', () => {
  test.each([
    ['open', 'open', 'reached'],
    ['open', 'changing-nat', 'reached'],
    ['nat', 'nat', 'reached'],
    ['nat', 'changing-nat', 'blocked'],
    ['changing-nat', 'changing-nat', 'blocked'],
  ] as const)('%s and %s: %s', (one, other, verdict) => {
    const world = hosts({ a: { g: one }, b: { g: other } });
    expect(ask(world, 'g.a', 'g.b').verdict).toBe(verdict);
    expect(ask(world, 'g.b', 'g.a').verdict).toBe(verdict);
    if (verdict === 'blocked') expect(ask(world, 'g.a', 'g.b').decidedBy).toMatchObject({ layer: 'nat' });
  });

  test('a relay helps for as long as it is there', () => {
    const bare = hosts({ a: { g: 'changing-nat' }, b: { g: 'changing-nat' }, c: { g: 'open' } });
    const allotted = (snapshot: Snapshot): Snapshot => {
      const peers = [...snapshot.parts.values()].flatMap((part) => part.peers);
      const relaying = peers.map((peer) =>
        peer.id === 'g.c' ? { ...peer, relay: { allocations: [] as never[] } } : peer,
      );
      const clusters = [...snapshot.parts.values()].map((part) => part.cluster);
      const asked = snapshotOf(1, snapshot.network, clusters, relaying);
      const allocations = planRelays(asked, Date.UTC(2026, 0)).set.map(({ allocation }) => allocation);
      return snapshotOf(
        1,
        snapshot.network,
        clusters,
        relaying.map((peer) => (peer.relay ? { ...peer, relay: { allocations } } : peer)),
      );
    };
    const world = { ...bare, snapshot: allotted(bare.snapshot) };
    expect(ask(world, 'g.a', 'g.b').verdict).toBe('reached');
    expect(ask(imagine(world, { lost: ['g.c'] }), 'g.a', 'g.b').decidedBy.layer).toBe('nat');
    const elsewhere = { kind: 'changing-nat', address: '198.51.100.7' } as const;
    expect(ask(changed(world, 'g.a', { outside: elsewhere }), 'g.a', 'g.b').verdict).toBe('blocked');
  });
});

describe('a peer that no UDP gets out of', () => {
  const rows = ['a', 'b', 'c'].map((name, at) => ({
    ...peerOf(name, 'g', `100.64.${at}.1`, [
      { kind: name === 'a' ? 'observed' : 'public', address: `203.0.113.${at + 1}`, port: 51820 },
    ]),
    udpBlocked: name === 'a',
  }));
  const clusters = ['a', 'b', 'c'].map((name, at) => clusterOf(name, at, null));
  const worldWith = (peers: readonly MeshPeer[]) =>
    plannedWorld(snapshotOf(1, { ...NETWORK, policy: OPEN }, clusters, peers));

  test('is reached by a relay that takes it in over TLS, and so is the relay', () => {
    const relaying = rows.map((peer) =>
      peer.name === 'g' && peer.clusterId === 'clu_c'
        ? { ...peer, relay: { allocations: [] as never[], tls: { port: 443, pin: 'pin' } } }
        : peer,
    );
    const { set } = planRelays(worldWith(relaying).snapshot, Date.UTC(2026, 0));
    const allocations = set.map(({ allocation }) => allocation);
    const world = worldWith(
      relaying.map((peer) =>
        'relay' in peer && peer.relay ? { ...peer, relay: { ...peer.relay, allocations } } : peer,
      ),
    );
    for (const [from, to] of [
      ['g.a', 'g.b'],
      ['g.b', 'g.a'],
      ['g.a', 'g.c'],
      ['g.c', 'g.a'],
    ] as const)
      expect(ask(world, from, to).verdict, `${from} ${to}`).toBe('reached');
    expect(ask(imagine(world, { lost: ['g.c'] }), 'g.a', 'g.b').verdict).toBe('blocked');
  });

  test('is not reached without one, and the answer says why', () => {
    const { verdict, decidedBy } = ask(worldWith(rows), 'g.a', 'g.b');
    expect(verdict).toBe('blocked');
    expect(decidedBy).toMatchObject({ hop: 'g.a', words: expect.stringContaining('no UDP gets out') });
  });
});

test('in a star, the hub lost cuts everybody apart; in the others nobody needs it', () => {
  const all = { a: { g: 'open' }, b: { g: 'open' }, c: { g: 'open' } } as const;
  for (const topology of Topology.options) {
    const world = hosts(all, { topology, hubClusterId: 'clu_b' });
    expect(ask(world, 'g.a', 'g.c').verdict, topology).toBe('reached');
    const without = ask(imagine(world, { lost: ['clu_b'] }), 'g.a', 'g.c');
    const needed = ask(world, 'g.a', 'g.c').hops.includes('g.b');
    expect(needed).toBe(topology === 'hub' ? true : needed);
    expect(without.verdict, topology).toBe(needed ? 'blocked' : 'reached');
  }
});

test('where the underlay lets everything through, the policy alone decides, in every topology', () => {
  fc.assert(
    fc.property(
      anyRows,
      anyPort,
      fc.constantFrom('tcp' as const, 'udp' as const, 'icmp' as const),
      (rows, port, protocol) => {
        // Every peer at an address of its own, and somebody in every cluster to go by.
        const peers = rows.peers.map(
          (peer, at): MeshPeer => ({
            ...peer,
            role:
              rows.peers.findIndex((one) => one.clusterId === peer.clusterId) === at ? 'gateway' : peer.role,
            endpoints: [{ kind: 'public', address: `198.18.0.${at + 1}`, port: 51820 }],
            udpBlocked: false,
            relay: null,
          }),
        );
        const snapshot = toSnapshot({ ...rows, peers });
        const planned = plannedWorld(snapshot);
        const standings = new Map([...planned.standings].map(([id, one]) => [id, { ...one, letsIn: null }]));
        const world = { ...planned, standings };
        const { topology } = snapshot.network;
        const flow = { protocol, port: protocol === 'icmp' ? null : port };
        // Of the nodes with pods the first: policies do not tell them apart.
        const podNode = ({ part }: End) =>
          part.peers.filter((peer) => podsOf(part, peer).length > 0).slice(0, 1);
        const carriersOf = (end: End) => {
          if ('peer' in end) return [end.peer];
          if ('pods' in end) return podNode(end);
          return end.part.peers.filter((peer) => carriedBy(topology, end.part, peer).includes(end.range));
        };
        const idOf = (end: End) => {
          if ('pods' in end) return podsId(podNode(end)[0]?.id ?? '');
          return 'peer' in end ? end.peer.id : end.range.id;
        };
        const ends = [...snapshot.parts.values()].flatMap(endsIn).filter((end) => carriersOf(end).length > 0);
        for (const from of ends)
          for (const to of ends) {
            if (isSameEnd(from, to)) continue;
            // Beside the overlay nobody judges.
            if (carriersOf(from).some((peer) => carriersOf(to).includes(peer))) continue;
            const answer = reach(world, { from: idOf(from), to: idOf(to), ...flow });
            // Within a cluster others carry pods, and the policy means their node.
            if (from.part === to.part && ('pods' in from || 'pods' in to)) continue;
            if ('range' in from && from.range.replies === 'masqueraded') {
              expect(answer.decidedBy.layer).toBe('route');
              continue;
            }
            const { verdict } = decide(snapshot.network.policy, from, to, flow);
            // What several gateways carry keeps no state: what the other side may begin passes as its answer.
            const stateless = 'range' in to && to.range.replies === 'routed' && to.range.peerId === null;
            if (stateless && verdict === 'deny' && protocol !== 'tcp') continue;
            expect(answer.verdict, JSON.stringify(answer)).toBe(verdict === 'allow' ? 'reached' : 'blocked');
            if (verdict === 'deny') expect(answer.decidedBy.layer).toBe('policy');
          }
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

test('as Skein plans security groups, nobody is kept out by one', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Topology.options), (topology) => {
      const made = clouds();
      const world = plannedWorld({
        ...made.snapshot,
        network: { ...made.snapshot.network, topology },
      });
      const ids = [...world.standings.keys()];
      for (const from of ids)
        for (const to of ids)
          expect(ask(world, from, to), `${topology} ${from} ${to}`).toMatchObject({ verdict: 'reached' });
    }),
  );
});

// On a quiet core less than one; a core that others use too counts their waiting as ours.
test('all questions of a hundred peers take less than three seconds of a core', () => {
  const nodes = (name: string) =>
    Object.fromEntries(['g1', 'g2', ...'abcdefgh'].map((one) => [`${one}${name}`, 'open' as const]));
  const world = hosts(Object.fromEntries([...'abcdefghij'].map((name) => [name, nodes(name)])), {
    topology: 'random',
  });
  const ids = [...world.standings.keys()];
  const before = process.cpuUsage();
  let reached = 0;
  for (const from of ids) for (const to of ids) if (ask(world, from, to).verdict === 'reached') reached += 1;
  const { user } = process.cpuUsage(before);
  expect(reached).toBe(100 * 100);
  expect(user / 1e6).toBeLessThan(3);
}, 60_000);
