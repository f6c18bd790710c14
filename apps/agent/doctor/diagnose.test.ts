import { describe, expect, test } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { DoctorFacts, NodeFacts, PeerMeasure } from './facts.ts';

const b1: PeerMeasure = {
  peerId: 'peer_b1',
  name: 'b1',
  role: 'gateway',
  clusterId: 'clu_b',
  overlayAddress: '100.64.2.11',
  plane: 0,
  offered: [{ kind: 'public', endpoint: '203.0.113.7:51820' }],
  endpoint: '203.0.113.7:51820',
  endpointKind: 'public',
  handshakeAgeSeconds: 20,
  probes: 10,
  answered: 10,
  rttMilliseconds: 12,
  receivedBytes: 900,
  sentBytes: 900,
  mtu: 1440,
  mtuCeiling: 1440,
  seenAs: '203.0.113.1:51820',
};
const c1: PeerMeasure = { ...b1, peerId: 'peer_c1', name: 'c1', endpoint: '203.0.113.9:51820' };
const node: NodeFacts = {
  interfacesGone: [],
  wireguardAnswers: true,
  filterInPlace: true,
  astray: [],
  forwardingOff: [],
  resolverNamed: true,
  ownNameAnswered: true,
  addresses: ['203.0.113.1'],
};
const coordinator: NonNullable<DoctorFacts['coordinator']> = {
  url: 'https://skein.example.com',
  name: { ok: true, addresses: ['198.51.100.4'] },
  tcp: { ok: true, milliseconds: 3 },
  tls: { ok: true },
  aheadSeconds: 0,
};
const daemon = {
  connected: true,
  heldNumber: 7,
  appliedNumber: 7,
  problem: null,
  udp: 'open' as const,
  overTls: [],
};
const well: DoctorFacts = {
  enrolled: true,
  daemon,
  coordinator,
  node,
  measured: { peers: [b1, c1], known: 2 },
  wireguardPort: 51820,
  trace: null,
};
const hop = { address: '100.64.1.11', name: 'a1', sent: 10, answered: 10, rttMilliseconds: 1 };
const target = { address: '100.64.2.12', name: 'b2', sent: 10, answered: 10, rttMilliseconds: 2 };
const trace = (...hops: (typeof hop)[]) => ({
  ...well,
  trace: { target: 'b2', address: '100.64.2.12', hops },
});
const peers = (...some: PeerMeasure[]) => ({ ...well, measured: { peers: some, known: some.length } });
const silent = { answered: 0, rttMilliseconds: null, receivedBytes: 0, seenAs: null };

test('nothing is wrong where nothing is wrong', () => {
  expect(diagnose(well)).toEqual([]);
  expect(diagnose(trace(hop, target))).toEqual([]);
});

describe('each thing that can be wrong has its words', () => {
  const table: [string, DoctorFacts, string, RegExp][] = [
    ['not joined', { ...well, enrolled: false }, 'not-enrolled', /has not joined/],
    ['no daemon', { ...well, daemon: null, measured: null }, 'agent-down', /not running/],
    [
      'no name',
      {
        ...well,
        coordinator: { ...coordinator, name: { ok: false, words: 'ENOTFOUND' }, tcp: null, tls: null },
      },
      'coordinator-name',
      /skein\.example\.com is not resolved: ENOTFOUND/,
    ],
    [
      'no way',
      { ...well, coordinator: { ...coordinator, tcp: { ok: false, words: 'no answer in 3 s' }, tls: null } },
      'coordinator-unreachable',
      /not reached: no answer in 3 s.*Let TCP 443 out.*198\.51\.100\.4/s,
    ],
    [
      'a bad certificate',
      { ...well, coordinator: { ...coordinator, tls: { ok: false, words: 'certificate has expired' } } },
      'coordinator-tls',
      /certificate has expired/,
    ],
    [
      'a slow clock',
      { ...well, coordinator: { ...coordinator, aheadSeconds: 600 } },
      'clock',
      /10 minutes behind/,
    ],
    [
      'a fast clock',
      { ...well, coordinator: { ...coordinator, aheadSeconds: -90 } },
      'clock',
      /90 s ahead of/,
    ],
    ['no channel', { ...well, daemon: { ...daemon, connected: false } }, 'channel-closed', /WebSockets/],
    ['a problem', { ...well, daemon: { ...daemon, problem: 'no tun' } }, 'map-not-applied', /no tun/],
    [
      'UDP blocked, and a relay that takes the node in',
      {
        ...well,
        daemon: {
          ...daemon,
          udp: 'blocked' as const,
          overTls: [{ relay: '198.51.100.1:443', peers: ['b1', 'c1'] }],
        },
      },
      'udp-over-tls',
      /UDP is blocked here: packets go to b1, c1 by the relay 198\.51\.100\.1 over TLS 443/,
    ],
    ['no map', { ...well, daemon: { ...daemon, heldNumber: null } }, 'no-map', /No map has come/],
    ['no interface', { ...well, node: { ...node, interfacesGone: ['skein1'] } }, 'interface-gone', /skein1/],
    [
      'no wireguard-go',
      { ...well, node: { ...node, wireguardAnswers: false } },
      'wireguard-gone',
      /wireguard-go/,
    ],
    [
      'a flushed filter',
      { ...well, node: { ...node, filterInPlace: false } },
      'filter-missing',
      /flush ruleset/,
    ],
    ['no nft', { ...well, node: { ...node, filterInPlace: null } }, 'filter-unknown', /nftables/],
    [
      'a missing route',
      { ...well, node: { ...node, astray: [{ address: '100.64.2.11', device: null }] } },
      'route-missing',
      /no route to 100\.64\.2\.11/,
    ],
    [
      'a route in the way',
      { ...well, node: { ...node, astray: [{ address: '100.64.2.11', device: 'tun0' }] } },
      'route-taken',
      /leave by tun0.*ip route get 100\.64\.2\.11/s,
    ],
    ['no forwarding', { ...well, node: { ...node, forwardingOff: ['skein0'] } }, 'forwarding-off', /skein0/],
    [
      'other resolvers',
      { ...well, node: { ...node, resolverNamed: false } },
      'names-elsewhere',
      /127\.0\.80\.53/,
    ],
    ['no answers', { ...well, node: { ...node, ownNameAnswered: false } }, 'names-unanswered', /port 53/],
    [
      'UDP blocked',
      peers({ ...b1, ...silent }, { ...c1, ...silent }),
      'udp-blocked',
      /None of 2 peers.*UDP 51820/s,
    ],
    [
      'a peer that never answered',
      peers({ ...b1, ...silent, handshakeAgeSeconds: null }, c1),
      'peer-silent',
      /b1 has never answered at 203\.0\.113\.7:51820.*Let UDP 51820 in at b1/s,
    ],
    [
      'a peer that went',
      peers({ ...b1, ...silent, handshakeAgeSeconds: 300 }, c1),
      'peer-lost',
      /5 minutes ago.*Check b1/s,
    ],
    ['an agent that hangs', peers({ ...b1, ...silent, receivedBytes: 96 }, c1), 'peer-deaf', /doctor on b1/],
    [
      'a peer of no endpoint',
      peers({ ...b1, ...silent, endpoint: null, offered: [] }, c1),
      'peer-unknown-way',
      /Nobody knows where b1/,
    ],
    ['loss', peers({ ...b1, answered: 6 }, c1), 'loss', /40% of small packets to b1/],
    ['a narrow path', peers({ ...b1, mtu: 1200 }, c1), 'mtu-narrow', /up to 1200 bytes reach b1.*1340/s],
    ['a path below the link', peers({ ...b1, mtu: 1392 }, c1), 'mtu-below', /1392.*1440/s],
    [
      'a NAT that differs by peer',
      peers({ ...b1, seenAs: '198.51.100.1:1024' }, { ...c1, seenAs: '198.51.100.1:1025' }),
      'nat-per-peer',
      /another port for each peer/,
    ],
    [
      'no ping',
      { ...well, trace: { target: 'b2', address: '100.64.2.12', hops: null } },
      'no-ping',
      /iputils-ping/,
    ],
    ['a hop too far', trace(hop, { ...target, answered: 0 }), 'path-broken', /as far as a1.*doctor on a1/s],
    ['no hop at all', trace({ ...hop, answered: 0 }), 'path-broken', /first hop/],
    ['loss that lasts', trace(hop, { ...target, answered: 5 }), 'path-loss', /50%.*begins at b2/s],
  ];
  test.each(table)('%s', (_, facts, code, words) => {
    const findings = diagnose(facts);
    expect(findings.map((one) => one.code)).toEqual([code]);
    expect(`${findings[0]?.what} ${findings[0]?.mend}`).toMatch(words);
  });
});

test('what follows from a dead interface is not told again for each peer', () => {
  const facts = { ...peers({ ...b1, ...silent }), node: { ...node, interfacesGone: ['skein0'] } };
  expect(diagnose(facts).map((one) => one.code)).toEqual(['interface-gone']);
});

test('a hop that is silent itself but passes packets on is no finding', () => {
  expect(diagnose(trace({ ...hop, answered: 0 }, target))).toEqual([]);
});
