import { expect, test } from 'vitest';
import { clusterRules } from './cluster.ts';

const cluster = { vpcCidr: '10.64.0.0/20', wireguardPort: 51820 };
const within = {
  protocol: 'udp',
  fromPort: 51820,
  toPort: 51820,
  cidrs: ['10.64.0.0/20'],
  description: 'WireGuard within the cluster',
};

test('a gateway hears its cluster and the other clusters’ gateways, each once and sorted', () => {
  expect(clusterRules('gateway', cluster, ['203.0.113.9', '203.0.113.10', '203.0.113.9'])).toEqual([
    within,
    {
      protocol: 'udp',
      fromPort: 51820,
      toPort: 51820,
      cidrs: ['203.0.113.10/32', '203.0.113.9/32'],
      description: 'WireGuard from the gateways of other clusters',
    },
  ]);
});

test('a gateway hears those of peered clusters by their private addresses too, and none of their other nodes', () => {
  const [, outside, peered] = clusterRules(
    'gateway',
    cluster,
    ['203.0.113.9'],
    ['10.64.16.11', '10.64.16.10'],
  );
  expect(outside?.cidrs).toEqual(['203.0.113.9/32']);
  expect(peered).toEqual({
    ...within,
    cidrs: ['10.64.16.10/32', '10.64.16.11/32'],
    description: 'WireGuard from the gateways of peered clusters',
  });
});

test('a member hears its cluster only', () => {
  expect(clusterRules('member', cluster, ['203.0.113.9'], ['10.64.16.10'])).toEqual([within]);
});

test('the gateway of an only cluster has nobody outside to hear', () => {
  expect(clusterRules('gateway', cluster, [])).toEqual([within]);
});
