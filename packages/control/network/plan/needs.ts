import type { Quota } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import type { NetworkPlan, ResourceKind } from '@skein/contract/rest/network.ts';
import { cloudClusters, type Shape } from './shape.ts';

/** What a plan makes in one region of one account, as limits count it. */
export interface Need {
  cloudAccountId: string;
  region: string;
  counts: Readonly<Record<Quota['what'], number>>;
}

/** Past this share of a limit a person should hear of it. */
const NEAR = 0.8;

/** vCPUs of the common types, as limits count them. Of others only the machines are counted. */
const VCPUS: Readonly<Record<string, number>> = {
  't3.micro': 2,
  't3.small': 2,
  't3.medium': 2,
  't3.large': 2,
  't3.xlarge': 4,
  'e2-micro': 2,
  'e2-small': 2,
  'e2-medium': 2,
  'e2-standard-2': 2,
  'e2-standard-4': 4,
  Standard_B1s: 1,
  Standard_B2s: 2,
  Standard_B2ms: 2,
};

/** One entry for each account and region in which something is made. */
export function needsOf(after: Shape, resources: NetworkPlan['resources']): Need[] {
  const needs = new Map<string, Need & { counts: Record<Quota['what'], number> }>();
  for (const cluster of cloudClusters(after)) {
    const { cloudAccountId, region, provider } = cluster;
    const made = (kind: ResourceKind) =>
      resources.filter((one) => one.cluster === cluster.name && one.kind === kind && one.action === 'create')
        .length;
    const kinds = {
      instances: 'instance',
      addresses: 'address',
      networks: 'network',
      firewalls: 'firewall',
    } as const;
    if (cloudAccountId === null) continue;
    const key = `${cloudAccountId} ${region}`;
    const counts = needs.get(key)?.counts ?? {
      instances: 0,
      vcpus: 0,
      addresses: 0,
      networks: 0,
      firewalls: 0,
    };
    for (const what of ['instances', 'addresses', 'networks', 'firewalls'] as const)
      counts[what] += made(kinds[what]);
    const type = cluster.instanceType ?? REGISTRY[provider].provider.defaultInstanceType;
    counts.vcpus += made('instance') * (VCPUS[type] ?? 0);
    needs.set(key, { cloudAccountId, region, counts });
  }
  return [...needs.values()].filter(({ counts }) => Object.values(counts).some((count) => count > 0));
}

/** In words: limits that the need goes past, and those that it comes near. */
export function quotaWarnings(place: string, need: Need, quotas: readonly Quota[]): NetworkPlan['warnings'] {
  return quotas.flatMap(({ what, limit, used }) => {
    const more = need.counts[what];
    if (more === 0) return [];
    const words = what === 'vcpus' ? 'vCPUs' : what;
    const now = `${place} allows ${limit} ${words}, ${used} are in use and this makes ${more}`;
    if (used + more > limit)
      return [{ code: 'quota' as const, message: `${now}: ask the cloud for a higher limit first.` }];
    if (used + more > limit * NEAR)
      return [{ code: 'quota' as const, message: `${now}: ${limit - used - more} are left after that.` }];
    return [];
  });
}
