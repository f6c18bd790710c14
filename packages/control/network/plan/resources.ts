import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';
import type { Draft, PlannedCluster } from './draft.ts';

type Planned = NetworkPlan['resources'][number];

/** What the clouds will hold for a network, one entry for each CloudResource row that provisioning writes. */
export function plannedResources(shape: Pick<Draft, 'zone' | 'dns' | 'clusters'>): Planned[] {
  const names = namesIn(shape.clusters);
  const all: Planned[] = [];
  for (const cluster of shape.clusters) all.push(...clusterResources(cluster, shape, names));
  const { dns } = shape;
  if (dns) {
    const base = { action: 'create', cluster: null, provider: dns.provider, region: dns.region } as const;
    all.push({ ...base, kind: 'zone', key: 'zone/public', summary: `public zone ${shape.zone}` });
    all.push({
      ...base,
      kind: 'record',
      key: 'records/public',
      summary: `${names} names with their public answers`,
    });
  }
  return all;
}

/** Of one cluster. `names` counts those of the whole network. */
export function clusterResources(
  cluster: PlannedCluster,
  network: Pick<Draft, 'zone' | 'clusters'>,
  names: number,
): Planned[] {
  const { provider, vpcCidr } = cluster;
  if (provider === null || vpcCidr === null) return [];
  const base = { action: 'create', cluster: cluster.name, provider, region: cluster.region } as const;
  const gateways = cluster.peers.filter((peer) => peer.role === 'gateway');
  const others = network.clusters.filter(
    (other) => other !== cluster && other.peers.some((peer) => peer.role === 'gateway'),
  ).length;
  return [
    { ...base, kind: 'network', key: 'network', summary: `VPC and subnet ${vpcCidr}` },
    ...gateways.map((peer) => ({
      ...base,
      kind: 'address' as const,
      key: `address/${peer.name}`,
      summary: `public address of ${peer.name}`,
    })),
    ...(['gateway', 'member'] as const).map((role) => ({
      ...base,
      kind: 'firewall' as const,
      key: `firewall/${role}`,
      summary: firewallSummary(role, vpcCidr, others),
    })),
    ...cluster.peers.map((peer) => ({
      ...base,
      kind: 'instance' as const,
      key: `instance/${peer.name}`,
      summary: `${peer.role} ${peer.name} at ${peer.overlayAddress}`,
    })),
    { ...base, kind: 'zone', key: 'zone/private', summary: `private zone ${network.zone} for this VPC` },
    {
      ...base,
      kind: 'record',
      key: 'records/private',
      summary: `${names} names with their answers inside ${cluster.name}`,
    },
  ];
}

/** In words, from the very rules: what each group lets in. */
function firewallSummary(role: 'gateway' | 'member', vpcCidr: string, others: number): string {
  const rules = clusterRules(
    role,
    { vpcCidr, wireguardPort: WIREGUARD_PORT },
    others > 0 ? ['192.0.2.1'] : [],
  );
  const from = [
    `${vpcCidr}`,
    ...(rules.length > 1 ? [`the gateways of ${others} other ${others === 1 ? 'cluster' : 'clusters'}`] : []),
  ];
  return `UDP ${WIREGUARD_PORT} from ${from.join(' and ')}`;
}

function namesIn(clusters: readonly PlannedCluster[]): number {
  const peers = clusters.reduce((sum, cluster) => sum + cluster.peers.length, 0);
  return peers + clusters.filter((cluster) => cluster.peers.some((peer) => peer.role === 'gateway')).length;
}
