/**
 * The rules that a cluster's security groups need, and no others. The shape is that of `FirewallRule` in
 * packages/clouds. Single addresses of peers and the own VPC: nothing is ever open to the world.
 */
import { compareText } from '../network.ts';
import { RELAY_PORTS, TLS_RELAY_PORTS } from '../relay/plan.ts';
import type { Callers } from './callers.ts';

export interface ClusterRule {
  readonly protocol: 'udp' | 'tcp';
  readonly fromPort: number;
  readonly toPort: number;
  /** Sorted, never 0.0.0.0/0. */
  readonly cidrs: string[];
  readonly description: string;
}

/**
 * Rules of one group of a cluster. In most topologies only gateways have callers outside; members are reached through
 * them.
 */
export function clusterRules(
  cluster: {
    vpcCidr: string;
    wireguardPort: number;
    planes: number;
    /** What the cluster's nodes also let in from each other. */
    inside?: readonly { protocol: 'udp' | 'tcp'; port: number; description: string }[];
  },
  callers: Callers,
): ClusterRule[] {
  const rule = (cidrs: string[], description: string): ClusterRule => ({
    protocol: 'udp',
    fromPort: cluster.wireguardPort,
    toPort: cluster.wireguardPort + cluster.planes - 1,
    cidrs,
    description,
  });
  const single = (addresses: readonly string[]) =>
    [...new Set(addresses)].sort(compareText).map((address) => `${address}/32`);
  const rules = [rule([cluster.vpcCidr], 'WireGuard within the cluster')];
  for (const { protocol, port, description } of cluster.inside ?? [])
    rules.push({ protocol, fromPort: port, toPort: port, cidrs: [cluster.vpcCidr], description });
  const [others, peered] = [single(callers.others), single(callers.peered)];
  if (others.length > 0) rules.push(rule(others, 'WireGuard from linked peers of other clusters'));
  const relayed = single(callers.relayed);
  if (relayed.length > 0)
    rules.push({
      protocol: 'udp',
      fromPort: RELAY_PORTS.first,
      toPort: RELAY_PORTS.last,
      cidrs: relayed,
      description: 'Pairs of peers that are relayed',
    });
  const overTls = callers.relayedOverTls ?? { udp: [], tcp: [] };
  const byUdp = single(overTls.udp);
  if (byUdp.length > 0)
    rules.push({
      protocol: 'udp',
      fromPort: TLS_RELAY_PORTS.first,
      toPort: TLS_RELAY_PORTS.last,
      cidrs: byUdp,
      description: 'Pairs of peers of which one comes over TLS',
    });
  for (const { port, addresses } of overTls.tcp) {
    const cidrs = single(addresses);
    if (cidrs.length === 0) continue;
    const description = 'Relayed peers that no UDP gets out of';
    rules.push({ protocol: 'tcp', fromPort: port, toPort: port, cidrs, description });
  }
  if (peered.length > 0) rules.push(rule(peered, 'WireGuard from linked peers over peerings'));
  return rules;
}
