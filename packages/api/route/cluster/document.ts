/** Clusters as the document shows them. */
import { Cluster } from '@skein/contract/rest/network.ts';

export const ClusterDocument = Cluster.meta({
  id: 'Cluster',
  example: {
    id: 'clu_0123456789abcdefghjk',
    networkId: 'net_0123456789abcdefghjk',
    name: 'production',
    cloudAccountId: 'acc_0123456789abcdefghjk',
    provider: 'aws',
    region: 'us-east-1',
    existingNetwork: null,
    nodeIdentity: null,
    labels: { stage: 'production' },
    vpcCidr: '10.64.0.0/20',
    overlayCidr: '100.64.1.0/24',
    kubernetes: null,
    state: 'ready',
    peers: { expected: 2, connected: 2 },
    createdAt: '2026-11-20T19:00:00.000Z',
  },
});
