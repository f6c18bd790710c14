import { expect, test } from 'vitest';
import type { Status } from '../daemon/control-socket.ts';
import { renderStatus } from './status.ts';

const NOW = Date.UTC(2026, 10, 20, 20, 0, 0);
const status: Status = {
  version: '0.1.0',
  name: 'a1',
  networkId: 'net_test',
  peerId: 'peer_a1',
  coordinatorUrl: 'http://192.0.2.10:7401',
  connected: true,
  overlayAddress: '100.64.1.11',
  overlayAddress6: 'fd12:3456:789a::6440:10b',
  role: 'gateway',
  zone: 'shop.skein.test',
  heldNumber: 7,
  appliedNumber: 7,
  problem: null,
  draining: false,
  udp: 'open',
  overTls: [],
  wireguard: 'userspace',
  ranges: [],
  pods: [],
  peers: [
    {
      peerId: 'peer_b1',
      name: 'b1',
      role: 'gateway',
      overlayAddress: '100.64.2.11',
      clusterId: 'clu_b',
      plane: 1,
      path: 'public',
      mtu: 1440,
      state: 'up',
      endpoint: '203.0.113.7:51820',
      lastHandshakeAt: new Date(NOW - 12_000).toISOString(),
      rttMilliseconds: 81.25,
      receivedBytes: 1,
      sentBytes: 1,
    },
  ],
};

test('a short table', () => {
  expect(renderStatus(status, NOW)).toBe(`a1  100.64.1.11  gateway  shop.skein.test
coordinator connected, map 7, WireGuard in userspace
IPv6 fd12:3456:789a::6440:10b

PEER  ROLE     ADDRESS      STATE  HANDSHAKE  RTT      MTU   INTERFACE  PATH    ENDPOINT
b1    gateway  100.64.2.11  up     12 s       81.3 ms  1440  skein1     public  203.0.113.7:51820
`);
});

test('names the ranges that it carries', () => {
  const ranges = [
    { cidr: '10.0.0.0/16', overlayCidr: '242.1.0.0/16', replies: 'routed' as const, alone: false },
  ];
  expect(renderStatus({ ...status, ranges }, NOW)).toContain(
    'userspace\ncarries 242.1.0.0/16, which is 10.0.0.0/16 inside (routed)\n',
  );
  const made = { cidr: '242.0.9.0/24', overlayCidr: '242.0.9.0/24', replies: 'routed', alone: true } as const;
  expect(
    renderStatus({ ...status, ranges: [{ ...made, docker: 'shop' }], pods: ['10.128.1.0/24'] }, NOW),
  ).toContain('carries 242.0.9.0/24, the Docker network shop (routed)\ncarries 10.128.1.0/24 (pods)\n');
});

test('says what is wrong', () => {
  const text = renderStatus(
    {
      ...status,
      connected: false,
      overlayAddress6: null,
      appliedNumber: null,
      wireguard: null,
      problem: 'no tun',
      peers: [],
    },
    NOW,
  );
  expect(text).toContain(
    'coordinator not connected, map 7, applied none, WireGuard in (none yet)\nIPv6 -\nproblem: no tun\n',
  );
  expect(renderStatus({ ...status, overlayAddress6: null }, NOW)).toContain(
    '\nIPv6 none: it is switched off on this node, or could not be set up\n',
  );
});

test('says by whom packets go where UDP does not get out', () => {
  const blocked = { ...status, udp: 'blocked' as const };
  expect(renderStatus(blocked, NOW)).toContain('\nno UDP from outside is answered here, and no relay');
  const overTls = [{ relay: '198.51.100.1:8443', peers: ['b1', 'b2', 'b3', 'b4'] }];
  expect(renderStatus({ ...blocked, overTls }, NOW)).toContain(
    '\nUDP is blocked here: packets go to 4 peers by the relay 198.51.100.1 over TLS 8443\n',
  );
});
