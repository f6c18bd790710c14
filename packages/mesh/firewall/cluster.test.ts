import { expect, test } from 'vitest';
import { clusterRules } from './cluster.ts';

const cluster = { vpcCidr: '10.64.0.0/20', wireguardPort: 51820, planes: 1 };
const within = {
  protocol: 'udp',
  fromPort: 51820,
  toPort: 51820,
  cidrs: ['10.64.0.0/20'],
  description: 'WireGuard within the cluster',
};

test('the own VPC, and callers from outside each once and sorted', () => {
  const callers = {
    others: ['203.0.113.9', '203.0.113.10', '203.0.113.9'],
    peered: ['10.64.16.11'],
    relayed: [],
  };
  expect(clusterRules(cluster, callers)).toEqual([
    within,
    {
      ...within,
      cidrs: ['203.0.113.10/32', '203.0.113.9/32'],
      description: 'WireGuard from linked peers of other clusters',
    },
    { ...within, cidrs: ['10.64.16.11/32'], description: 'WireGuard from linked peers over peerings' },
  ]);
});

test('one port for each interface on which peers are called', () => {
  const rules = clusterRules({ ...cluster, planes: 3 }, { others: ['203.0.113.9'], peered: [], relayed: [] });
  expect(rules.map((rule) => [rule.fromPort, rule.toPort])).toEqual([
    [51820, 51822],
    [51820, 51822],
  ]);
});

test('without callers outside nothing but the VPC', () => {
  expect(clusterRules(cluster, { others: [], peered: [], relayed: [] })).toEqual([within]);
});

test('a relay lets in those whom it relays, on its own ports', () => {
  const [, relayed] = clusterRules(cluster, { others: [], peered: [], relayed: ['198.51.100.7'] });
  expect(relayed).toMatchObject({ fromPort: 20_000, toPort: 27_999, cidrs: ['198.51.100.7/32'] });
});

test('a relay lets in over TLS who has no UDP, at its port, and the other of the pair on ports apart', () => {
  const relayedOverTls = { udp: ['198.51.100.7'], tcp: [{ port: 8443, addresses: ['198.51.100.8'] }] };
  const [, ...rules] = clusterRules(cluster, { others: [], peered: [], relayed: [], relayedOverTls });
  expect(rules).toMatchObject([
    { protocol: 'udp', fromPort: 28_000, toPort: 29_999, cidrs: ['198.51.100.7/32'] },
    { protocol: 'tcp', fromPort: 8443, toPort: 8443, cidrs: ['198.51.100.8/32'] },
  ]);
});
