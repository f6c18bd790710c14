import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { expect, test } from 'vitest';
import { gatewayMap, keyOf, peerA2, peerB1 } from '../fixture/map.ts';
import { changesNothing, planTunnel, renderUapi, renderWgSet, type TunnelKeys } from './change.ts';
import { endpointParts, endpointText } from './endpoint.ts';
import { NO_KEY, parseDump, parseUapi, type TunnelState } from './state.ts';
import { newTwinner } from './twins.ts';

const PRIVATE = Buffer.alloc(32, 9).toString('base64');
const KEYS: TunnelKeys = { privateKey: PRIVATE, shared: new Map(), former: new Map() };
const FILES = { privateKey: '/key', shared: (key: string) => `/shared/${key === NO_KEY ? 'none' : 'some'}` };
const NOW = 500_000;
const empty: TunnelState = { privateKey: null, listenPort: 0, peers: [] };
const hex = (byte: string) => byte.repeat(32);

/** What a device holds once the gateway's map was applied and both peers shook hands. */
const settled: TunnelState = {
  privateKey: PRIVATE,
  listenPort: 51820,
  peers: [peerA2, peerB1].map((peer) => ({
    key: peer.wireguardKey,
    endpoint: `${peer.endpoints[0]?.address}:51820`,
    allowedIps: peer.allowedIps,
    keepaliveSeconds: 25,
    lastHandshakeAt: Date.UTC(2026, 10, 20, 20, 0, 0),
    shookAt: NOW - 10_000,
    receivedBytes: 1,
    sentBytes: 1,
    presharedKey: null,
  })),
};
const plan = (current: TunnelState, map = gatewayMap, choices = new Map()) =>
  planTunnel(map, 0, KEYS, current, choices, NOW);

test('a new device gets everything, as UAPI and as arguments of wg', () => {
  const { change } = plan(empty);
  expect(renderUapi(change)).toBe(
    [
      'set=1',
      `private_key=${hex('09')}`,
      'listen_port=51820',
      `public_key=${hex('02')}`,
      'endpoint=10.1.0.12:51820',
      'persistent_keepalive_interval=25',
      'replace_allowed_ips=true',
      'allowed_ip=100.64.1.12/32',
      `public_key=${hex('03')}`,
      'endpoint=203.0.113.7:51820',
      'persistent_keepalive_interval=25',
      'replace_allowed_ips=true',
      'allowed_ip=100.64.2.0/24',
      '',
      '',
    ].join('\n'),
  );
  expect(renderWgSet(change, 'skein0', FILES).map((call) => call.join(' '))).toEqual([
    'set skein0 listen-port 51820 private-key /key',
    `set skein0 peer ${keyOf(2)} endpoint 10.1.0.12:51820 persistent-keepalive 25 allowed-ips 100.64.1.12/32` +
      ` peer ${keyOf(3)} endpoint 203.0.113.7:51820 persistent-keepalive 25 allowed-ips 100.64.2.0/24`,
  ]);
  expect(renderWgSet(change, 'skein0', FILES).flat()).not.toContain(PRIVATE);
});

test('a settled device needs nothing', () => {
  expect(changesNothing(plan(settled).change)).toBe(true);
});

test('only what differs is named', () => {
  const moved = { ...peerB1, allowedIps: ['100.64.2.0/24', '100.64.3.0/24'] };
  const { change } = plan(settled, { ...gatewayMap, peers: [moved] });
  expect(renderUapi(change)).toBe(
    [
      'set=1',
      `public_key=${hex('02')}`,
      'remove=true',
      `public_key=${hex('03')}`,
      'replace_allowed_ips=true',
      'allowed_ip=100.64.2.0/24',
      'allowed_ip=100.64.3.0/24',
      '',
      '',
    ].join('\n'),
  );
});

test('an endpoint the kernel roamed to stays until the map names others', () => {
  const { choices } = plan(empty);
  const roamed = {
    ...settled,
    peers: settled.peers.map((peer) => ({ ...peer, endpoint: '198.51.100.4:1234' })),
  };
  expect(changesNothing(plan(roamed, gatewayMap, new Map(choices)).change)).toBe(true);
  const renamed = {
    ...peerB1,
    endpoints: [{ kind: 'public' as const, address: '203.0.113.9', port: 51820 }],
  };
  const { change } = plan(roamed, { ...gatewayMap, peers: [peerA2, renamed] }, new Map(choices));
  expect(change.set).toEqual([
    {
      key: keyOf(3),
      endpoint: '203.0.113.9:51820',
      allowedIps: null,
      keepaliveSeconds: null,
      presharedKey: null,
    },
  ]);
});

test('a silent peer is tried at its other endpoints in turn', () => {
  const silent = { ...settled, peers: settled.peers.map((peer) => ({ ...peer, shookAt: null })) };
  const first = plan(silent, gatewayMap, new Map(plan(empty).choices));
  expect(changesNothing(first.change)).toBe(true);
  const later = planTunnel(gatewayMap, 0, KEYS, silent, first.choices, NOW + 16_000);
  expect(later.change.set).toEqual([
    {
      key: keyOf(3),
      endpoint: '203.0.113.8:40000',
      allowedIps: null,
      keepaliveSeconds: null,
      presharedKey: null,
    },
  ]);
});

test('a tunnel that shook hands lately is left alone whatever time its device tells', () => {
  const wrong = { ...settled, peers: settled.peers.map((peer) => ({ ...peer, lastHandshakeAt: 1 })) };
  const { choices } = plan(empty);
  expect(changesNothing(planTunnel(gatewayMap, 0, KEYS, wrong, choices, NOW + 60_000).change)).toBe(true);
});

test('a shared key is set, changed and taken away without touching anything else', () => {
  const shared = { ...KEYS, shared: new Map([['peer_b1', keyOf(5)]]) };
  const withKey = (key: string | null): TunnelState => ({
    ...settled,
    peers: settled.peers.map((peer) => ({ ...peer, presharedKey: peer.key === keyOf(3) ? key : null })),
  });
  const set = (state: TunnelState, keys: TunnelKeys) =>
    planTunnel(gatewayMap, 0, keys, state, new Map(), NOW).change;
  expect(renderUapi(set(settled, shared))).toBe(
    `set=1\npublic_key=${hex('03')}\npreshared_key=${hex('05')}\n\n`,
  );
  expect(changesNothing(set(withKey(keyOf(5)), shared))).toBe(true);
  const away = set(withKey(keyOf(5)), KEYS);
  expect(renderUapi(away)).toBe(`set=1\npublic_key=${hex('03')}\npreshared_key=${hex('00')}\n\n`);
  expect(renderWgSet(away, 'skein0', FILES)).toEqual([
    ['set', 'skein0', 'peer', keyOf(3), 'preshared-key', '/shared/none'],
  ]);
  expect(renderWgSet(set(settled, shared), 'skein0', FILES).flat()).not.toContain(keyOf(5));
});

test('a peer under a new key is called where it was under the old one, with the same shared key', () => {
  const roamed = {
    ...settled,
    peers: settled.peers.map((peer) => ({ ...peer, endpoint: '198.51.100.4:1234', presharedKey: keyOf(5) })),
  };
  const { choices } = plan(empty);
  const renamed = { ...gatewayMap, peers: [peerA2, { ...peerB1, wireguardKey: keyOf(7) }] };
  const shared = new Map([peerA2, peerB1].map((peer) => [peer.id, keyOf(5)]));
  const former = new Map([[peerB1.id, keyOf(3)]]);
  const moved = planTunnel(renamed, 0, { privateKey: PRIVATE, shared, former }, roamed, choices, NOW);
  expect(moved.change).toEqual({
    privateKey: null,
    listenPort: null,
    removed: [keyOf(3)],
    set: [
      {
        key: keyOf(7),
        endpoint: '198.51.100.4:1234',
        allowedIps: ['100.64.2.0/24'],
        keepaliveSeconds: 25,
        presharedKey: keyOf(5),
      },
    ],
  });
  expect(moved.choices.get(keyOf(7))).toEqual(choices.get(keyOf(3)));
});

test('both mouths of a device tell the same', () => {
  const uapi = parseUapi(
    [
      `private_key=${hex('09')}`,
      'listen_port=51820',
      'fwmark=0',
      `public_key=${hex('02')}`,
      `preshared_key=${hex('05')}`,
      'protocol_version=1',
      'endpoint=10.1.0.12:51820',
      'last_handshake_time_sec=1700000000',
      'last_handshake_time_nsec=0',
      'tx_bytes=20',
      'rx_bytes=10',
      'persistent_keepalive_interval=25',
      'allowed_ip=100.64.3.0/24',
      'allowed_ip=100.64.1.12/32',
      `public_key=${hex('03')}`,
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=0',
      'rx_bytes=0',
      'persistent_keepalive_interval=0',
      'errno=0',
      '',
      '',
    ].join('\n'),
  );
  const dump = parseDump(
    `${PRIVATE}\t${keyOf(1)}\t51820\toff\n` +
      `${keyOf(2)}\t${keyOf(5)}\t10.1.0.12:51820\t100.64.3.0/24,100.64.1.12/32\t1700000000\t10\t20\t25\n` +
      `${keyOf(3)}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n`,
  );
  expect(uapi).toEqual(dump);
  expect(uapi.peers[0]).toEqual({
    key: keyOf(2),
    endpoint: '10.1.0.12:51820',
    allowedIps: ['100.64.1.12/32', '100.64.3.0/24'],
    keepaliveSeconds: 25,
    lastHandshakeAt: 1_700_000_000_000,
    shookAt: null,
    receivedBytes: 10,
    sentBytes: 20,
    presharedKey: keyOf(5),
  });
  expect(uapi.peers[1]?.presharedKey).toBeNull();
});

test('with IPv6 each peer carries its twins too, and a device that holds them needs nothing', () => {
  const twins = twinsOf('net_test');
  const map = newTwinner(twins)(gatewayMap);
  const { change } = plan(settled, map);
  expect(change.set.map(({ endpoint, allowedIps }) => [endpoint, allowedIps])).toEqual([
    [null, ['100.64.1.12/32', `${twins.of('100.64.1.12')}/128`]],
    [null, ['100.64.2.0/24', `${twins.of('100.64.2.0')}/120`]],
  ]);
  const holding = {
    ...settled,
    peers: settled.peers.map((peer, at) => ({
      ...peer,
      allowedIps: [...(change.set[at]?.allowedIps ?? [])],
    })),
  };
  expect(changesNothing(plan(holding, map).change)).toBe(true);
  expect(plan(holding).change.set.map(({ allowedIps }) => allowedIps)).toEqual([
    ['100.64.1.12/32'],
    ['100.64.2.0/24'],
  ]);
});

test('an endpoint of IPv6 stands in brackets', () => {
  const six = { address: '2001:db8::7', port: 51820 };
  expect(endpointText(six)).toBe('[2001:db8::7]:51820');
  expect(endpointText({ address: '203.0.113.7', port: 1 })).toBe('203.0.113.7:1');
  expect(endpointParts('[2001:db8::7]:51820')).toEqual(six);
  expect(endpointParts('203.0.113.7:1')).toEqual({ address: '203.0.113.7', port: 1 });
  expect(endpointParts('nonsense')).toEqual({ address: '', port: 0 });
  const peers = [{ ...peerB1, endpoints: [{ kind: 'global' as const, ...six }] }];
  expect(renderUapi(plan(empty, { ...gatewayMap, peers }).change)).toContain(
    '\nendpoint=[2001:db8::7]:51820\n',
  );
});
