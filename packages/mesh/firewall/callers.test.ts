import type { Topology } from '@skein/contract/primitive.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../network.ts';
import { anyRows, toSnapshot } from '../testing/networks.ts';
import { gatewaysOf } from '../topology/gateways.ts';
import { linksOf } from '../topology/links.ts';
import { type CallingCluster, callersOf, relayCallers } from './callers.ts';

const SEED = '100.64.0.0/16';
const setting = (topology: Topology, hubClusterId: string | null = null) => ({ topology, hubClusterId });

function cluster(number: number, over: Partial<CallingCluster> = {}): CallingCluster {
  const peer = (role: 'gateway' | 'member', host: number) => ({
    role,
    seat: null,
    enrolled: true,
    sendsFrom: [`203.0.113.${number * 10 + host}`],
    privateAddress: `10.${number}.0.${host}`,
  });
  return {
    id: `clu_${number}`,
    overlayCidr: `100.64.${number}.0/24`,
    peered: [],
    leaving: false,
    peers: [peer('gateway', 1), peer('member', 2)],
    ...over,
  };
}
const FIVE = [1, 2, 3, 4, 5].map((number) => cluster(number));

describe('the gateways of linked clusters, and in full topology every peer', () => {
  test.each([
    ['hybrid', null, ['203.0.113.21', '203.0.113.31', '203.0.113.41', '203.0.113.51'], []],
    ['hub', 'clu_4', ['203.0.113.41'], []],
    ['hub', 'clu_1', ['203.0.113.21', '203.0.113.31', '203.0.113.41', '203.0.113.51'], []],
    [
      'full',
      null,
      [21, 22, 31, 32, 41, 42, 51, 52].map((host) => `203.0.113.${host}`),
      [21, 22, 31, 32, 41, 42, 51, 52].map((host) => `203.0.113.${host}`),
    ],
  ] as const)('%s with hub %s', (topology, hub, gateway, member) => {
    const one = callersOf(SEED, [setting(topology, hub)], FIVE).get('clu_1');
    expect(one?.gateway).toEqual({ others: gateway, peered: [], relayed: [] });
    expect(one?.member).toEqual({ others: member, peered: [], relayed: [] });
  });

  test('over a peering by their private addresses too, where both sides have it', () => {
    const both = [cluster(1, { peered: ['clu_2', 'clu_3'] }), cluster(2, { peered: ['clu_1'] }), cluster(3)];
    const callers = callersOf(SEED, [setting('hybrid')], both);
    expect(callers.get('clu_1')?.gateway.peered).toEqual(['10.2.0.1']);
    expect(callers.get('clu_3')?.gateway.peered).toEqual([]);
    expect(callersOf(SEED, [setting('full')], both).get('clu_1')?.member.peered).toEqual([
      '10.2.0.1',
      '10.2.0.2',
    ]);
  });
});

test('a relay is called by those whom it relays, and no other group by them', () => {
  const numbered = FIVE.map((one) => ({
    ...one,
    peers: one.peers.map((peer) => ({ ...peer, id: `${one.id} ${peer.role}` })),
  }));
  const relays = relayCallers(
    [
      { relayId: 'clu_1 gateway', peers: ['clu_2 member', 'clu_3 gateway'] },
      { relayId: 'clu_gone gateway', peers: ['clu_2 member', 'clu_3 gateway'] },
    ],
    numbered,
  );
  const callers = callersOf(SEED, [setting('hybrid')], numbered, relays);
  expect(callers.get('clu_1')?.gateway.relayed).toEqual(['203.0.113.22', '203.0.113.31']);
  expect(callers.get('clu_1')?.member.relayed).toEqual([]);
  expect(callers.get('clu_2')?.gateway.relayed).toEqual([]);
});

test('whoever is linked with a cluster that leaves is let in there still, and those linked without it already', () => {
  const hub = setting('hub', 'clu_4');
  const [staying, going] = [FIVE.filter((one) => one.id !== 'clu_4'), cluster(4, { leaving: true })];
  const others = (clusters: readonly CallingCluster[], id: string) =>
    callersOf(SEED, [hub], clusters).get(id)?.gateway.others ?? [];
  for (const { id } of staying) {
    const before = others(FIVE, id);
    const after = others(staying, id);
    expect(before).toEqual(['203.0.113.41']);
    expect(after).not.toContain('203.0.113.41');
    expect(after.length).toBeGreaterThan(0);
    expect(others([...staying, going], id)).toEqual([...before, ...after].sort());
  }
});

test('a relay is called at its private address by its neighbours and by peers of peered clusters', () => {
  const peerings: Record<string, string[]> = { clu_1: ['clu_2', 'clu_4'], clu_2: ['clu_1'] };
  const numbered = FIVE.map((one) => ({
    ...one,
    peered: peerings[one.id] ?? [],
    peers: one.peers.map((peer) => ({ ...peer, id: `${one.id} ${peer.role}` })),
  }));
  const called = (...peers: string[]) =>
    relayCallers([{ relayId: 'clu_1 gateway', peers }], numbered).flatMap((one) => one.addresses);
  expect(called('clu_1 member', 'clu_2 member')).toEqual([
    '203.0.113.12',
    '10.1.0.2',
    '203.0.113.22',
    '10.2.0.2',
  ]);
  // Half a peering passes nothing.
  expect(called('clu_3 member', 'clu_4 member')).toEqual(['203.0.113.32', '203.0.113.42']);
});

test('over TLS a relay is called by those alone that have no UDP, and never by itself', () => {
  const numbered = FIVE.map((one) => ({
    ...one,
    peers: one.peers.map((peer) => ({ ...peer, id: `${one.id} ${peer.role}` })),
  }));
  const over = (peers: string[], ends: boolean[]) => ({
    relayId: 'clu_1 gateway',
    peers,
    overTls: { ends, port: 443 },
  });
  const relays = relayCallers(
    [
      over(['clu_2 member', 'clu_3 gateway'], [true, false]),
      over(['clu_1 gateway', 'clu_2 member'], [false, true]),
    ],
    numbered,
  );
  const callers = callersOf(SEED, [setting('hybrid')], numbered, relays).get('clu_1')?.gateway;
  expect(callers?.relayed).toEqual([]);
  expect(callers?.relayedOverTls).toEqual({
    udp: ['203.0.113.31'],
    tcp: [{ port: 443, addresses: ['203.0.113.22'] }],
  });
});

test('while the topology changes, those of both', () => {
  const both = callersOf(SEED, [setting('hub', 'clu_4'), setting('hub', 'clu_5')], FIVE).get('clu_1');
  expect(both?.gateway.others).toEqual(['203.0.113.41', '203.0.113.51']);
});

test('a port for each gateway, of the cluster or of one linked with it, that others call by', () => {
  const three = cluster(2, { peers: [1, 2, 3].flatMap((host) => cluster(2 + host).peers) });
  const callers = callersOf(SEED, [setting('hub', 'clu_1')], [cluster(1), three, cluster(9)]);
  expect(['clu_1', 'clu_2', 'clu_9'].map((id) => callers.get(id)?.planes)).toEqual([3, 3, 1]);
  const [gateway] = cluster(7).peers;
  const second = cluster(7, { peers: gateway ? [{ ...gateway, seat: 1 }] : [] });
  expect(callersOf(SEED, [setting('hub')], [second]).get('clu_7')?.planes).toBe(2);
});

test('whoever holds a tunnel is let in, and nobody else', () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      const snapshot = toSnapshot(rows);
      const { network } = snapshot;
      const callers = callersOf(network.cidr, [network], callingClusters(snapshot));
      for (const [id, part] of snapshot.parts)
        for (const role of ['gateway', 'member'] as const) {
          const wanted = new Set<string>();
          for (const self of part.peers.filter((one) => one.role === role))
            for (const link of linksOf(snapshot, part, self)) {
              const other = snapshot.parts.get(link.clusterId)?.peers.find((one) => one.id === link.id);
              if (link.clusterId !== id) for (const one of sendsFrom(other?.endpoints ?? [])) wanted.add(one);
            }
          const got = callers.get(id)?.[role].others ?? [];
          for (const address of wanted) expect(got, `${role} of ${id}`).toContain(address);
          if (part.peers.some((one) => one.role === role)) expect(new Set(got)).toEqual(wanted);
        }
    }),
  );
});

const sendsFrom = (endpoints: readonly { kind: string; address: string }[]) =>
  endpoints.filter((one) => one.kind !== 'private').map((one) => one.address);

/** The clusters of a snapshot as the control plane would say them. */
function callingClusters(snapshot: Snapshot): CallingCluster[] {
  return [...snapshot.parts.values()].map((part) => ({
    id: part.cluster.id,
    overlayCidr: part.cluster.overlayCidr,
    peered: part.cluster.peered,
    leaving: false,
    peers: part.peers.map((peer) => ({
      role: gatewaysOf(part).includes(peer) ? 'gateway' : 'member',
      seat: peer.seat ?? null,
      enrolled: true,
      sendsFrom: sendsFrom(peer.endpoints),
      privateAddress: peer.privateAddress,
    })),
  }));
}
