import type { Endpoint } from '@skein/contract/agent/map.ts';
import { expect, test } from 'vitest';
import { gatewayMap, keyOf, peerA2, peerB1 } from '../../fixture/map.ts';
import type { TunnelPeer } from '../../wireguard/state.ts';
import type { WayName } from './client.ts';
import { localized, named } from './localized.ts';

const door = { port: 443, pin: keyOf(9), wireguardKey: keyOf(8) };
const way = (port: number): Endpoint => ({ kind: 'tls', address: '198.51.100.1', port, tls: door });
const withWays = {
  ...gatewayMap,
  peers: [peerA2, { ...peerB1, endpoints: [...peerB1.endpoints, way(28_000), way(28_010)] }],
};
const ports = new Map<WayName, number>([['198.51.100.1:28000', 40_001]]);
const tunnel = (endpoint: string | null): TunnelPeer => ({
  key: keyOf(3),
  endpoint,
  allowedIps: [],
  keepaliveSeconds: 25,
  lastHandshakeAt: null,
  shookAt: null,
  receivedBytes: 0,
  sentBytes: 0,
  presharedKey: null,
});

test('ways over TLS become sockets of this node, one without a socket is left out, all else stays as it is', () => {
  const map = localized(withWays, ports);
  expect(map.peers[0]).toBe(peerA2);
  expect(map.peers[1]?.endpoints).toEqual([
    ...peerB1.endpoints,
    { kind: 'tls', address: '127.0.0.1', port: 40_001 },
  ]);
  expect(localized(gatewayMap, new Map())).toBe(gatewayMap);
});

test('and tunnels are told by the names that the map has for these', () => {
  const told = named([tunnel('127.0.0.1:40001'), tunnel('127.0.0.1:9'), tunnel(null)], ports);
  expect(told.map(({ endpoint }) => endpoint)).toEqual(['198.51.100.1:28000', '127.0.0.1:9', null]);
});
