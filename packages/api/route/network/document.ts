/** Networks as the document shows them. */
import {
  CloudResource,
  DnsRecord,
  Network,
  NetworkChange,
  NetworkPlan,
  NewNetwork,
  PlannedChange,
} from '@skein/contract/rest/network.ts';
import { TopologyView } from '@skein/contract/rest/peer.ts';
import { PlanSeen } from '../plan-seen.ts';

const wanted = {
  name: 'shop',
  zone: 'shop.example.com',
  allowedPorts: [{ protocol: 'tcp', port: 8080 }],
  clusters: [
    { name: 'production', cloudAccountId: 'acc_0123456789abcdefghjk', region: 'us-east-1', nodes: 2 },
    { name: 'development', cloudAccountId: 'acc_123456789abcdefghjk0', region: 'us-central1', nodes: 2 },
  ],
};
export const NetworkDocument = Network.meta({
  id: 'Network',
  example: {
    id: 'net_0123456789abcdefghjk',
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.example.com',
    cidr: '100.64.0.0/16',
    allowedPorts: [{ protocol: 'tcp', port: 8080 }],
    peering: 'same-provider',
    driftPolicy: 'heal',
    driftCheckedAt: '2026-11-20T19:30:00.000Z',
    drift: 0,
    state: 'ready',
    revision: 14,
    clusters: 2,
    peers: { expected: 4, connected: 4 },
    createdAt: '2026-11-20T19:00:00.000Z',
  },
});
export const NewNetworkDocument = NewNetwork.meta({ id: 'NewNetwork', example: wanted });
export const CreateNetworkDocument = NewNetwork.extend(PlanSeen.shape).meta({
  id: 'CreateNetwork',
  example: wanted,
});
export const NetworkChangeDocument = NetworkChange.extend(PlanSeen.shape).meta({
  id: 'NetworkChange',
  example: { allowedPorts: [{ protocol: 'tcp', port: 443 }], peering: 'same-provider' },
});
export const PlannedChangeDocument = PlannedChange.meta({
  id: 'PlannedChange',
  example: { change: 'add-nodes', clusterId: 'clu_0123456789abcdefghjk', nodes: 2 },
});
export const NetworkPlanDocument = NetworkPlan.meta({ id: 'NetworkPlan' });
export const TopologyDocument = TopologyView.meta({ id: 'TopologyView' });
export const DnsRecordDocument = DnsRecord.meta({
  id: 'DnsRecord',
  example: {
    name: 'gw-1.production.shop.example.com',
    clusterId: 'clu_0123456789abcdefghjk',
    inside: ['10.64.0.10'],
    outside: ['100.64.1.1'],
    public: ['203.0.113.7'],
  },
});
export const CloudResourceDocument = CloudResource.meta({
  id: 'CloudResource',
  example: {
    id: 'res_0123456789abcdefghjk',
    kind: 'firewall',
    key: 'firewall/gateway',
    clusterId: 'clu_0123456789abcdefghjk',
    provider: 'aws',
    region: 'us-east-1',
    externalId: 'sg-0a1b2c',
    status: 'present',
    summary: 'UDP 51820 from the gateways of 1 other cluster',
    updatedAt: '2026-11-20T19:00:10.000Z',
  },
});
