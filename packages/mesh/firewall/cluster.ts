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
 * @param peeredGatewayAddresses private addresses of the gateways of peered clusters
 */
export function clusterRules(
  role: PeerRole,
  cluster: { vpcCidr: string; wireguardPort: number },
  otherGatewayAddresses: readonly string[],
  peeredGatewayAddresses: readonly string[] = [],
): ClusterRule[] {
  const rule = (cidrs: string[], description: string): ClusterRule => ({
    protocol: 'udp',
    fromPort: cluster.wireguardPort,
    toPort: cluster.wireguardPort,
    cidrs,
    description,
  });
  const single = (addresses: readonly string[]) =>
    [...new Set(addresses)].sort(compareText).map((address) => `${address}/32`);
  const rules = [rule([cluster.vpcCidr], 'WireGuard within the cluster')];
  if (role !== 'gateway') return rules;
  const [outside, peered] = [single(otherGatewayAddresses), single(peeredGatewayAddresses)];
  if (outside.length > 0) rules.push(rule(outside, 'WireGuard from the gateways of other clusters'));
  if (peered.length > 0) rules.push(rule(peered, 'WireGuard from the gateways of peered clusters'));
  return rules;
}
