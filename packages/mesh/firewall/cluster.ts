/**
 * The rules that a cluster's security groups need, and no others. The shape is that of `FirewallRule` in
 * packages/clouds. Members get nothing from outside: they are reached through their gateway.
 */
import type { PeerRole } from '@skein/contract/primitive.ts';
import { compareText } from '../network.ts';

export interface ClusterRule {
  readonly protocol: 'udp';
  readonly fromPort: number;
  readonly toPort: number;
  /** Sorted, never 0.0.0.0/0. */
  readonly cidrs: string[];
  readonly description: string;
}

/**
 * Rules of one cluster's group for `role`.
 * @param otherGatewayAddresses public addresses of the gateways of all other clusters of the network
 */
export function clusterRules(
  role: PeerRole,
  cluster: { vpcCidr: string; wireguardPort: number },
  otherGatewayAddresses: readonly string[],
): ClusterRule[] {
  const rule = (cidrs: string[], description: string): ClusterRule => ({
    protocol: 'udp',
    fromPort: cluster.wireguardPort,
    toPort: cluster.wireguardPort,
    cidrs,
    description,
  });
  const rules = [rule([cluster.vpcCidr], 'WireGuard within the cluster')];
  const others = [...new Set(otherGatewayAddresses)].sort(compareText).map((address) => `${address}/32`);
  if (role === 'gateway' && others.length > 0)
    rules.push(rule(others, 'WireGuard from the gateways of other clusters'));
  return rules;
}
