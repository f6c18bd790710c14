/** Peers as the document shows them. */
import { Peer } from '@skein/contract/rest/peer.ts';

export const PeerDocument = Peer.meta({
  id: 'Peer',
  example: {
    id: 'peer_0123456789abcdefghjk',
    networkId: 'net_0123456789abcdefghjk',
    clusterId: 'clu_0123456789abcdefghjk',
    name: 'gw-1',
    role: 'gateway',
    state: 'connected',
    managed: true,
    labels: { tier: 'edge' },
    overlayAddress: '100.64.1.1',
    overlayAddress6: 'fd4b:91c2:7e05::6440:101',
    privateAddress: '10.64.0.10',
    publicAddress: '203.0.113.7',
    endpoints: [{ kind: 'public', address: '203.0.113.7', port: 51820 }],
    relays: false,
    relayTlsPort: 443,
    podCidrs: ['10.128.0.0/24'],
    udpBlocked: false,
    agentVersion: '0.1.0',
    wireguard: 'kernel',
    wireguardKey: 'mfuhvMOExVxAMRMaVh1EBz7HkcYKtbOcJ2YTzUTrKxQ=',
    appliedNumber: 14,
    problem: null,
    enrolledAt: '2026-11-20T19:01:00.000Z',
    lastSeenAt: '2026-11-20T19:30:00.000Z',
  },
});
