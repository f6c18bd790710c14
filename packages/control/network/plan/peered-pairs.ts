/** Which clusters of a network are peered: those whose VPCs their cloud can join without an internet in between. Pure. */
import type { Peering, ProviderId } from '@skein/contract/primitive.ts';
import { overlaps } from '@skein/mesh/ipam/cidr.ts';

export interface Peerable {
  name: string;
  provider: ProviderId | null;
  /** Null where there is no VPC, or its range is not known. */
  vpcCidr: string | null;
}

/** Each pair once, by name: the same provider, both with a VPC, and no address in both. */
export function peeredPairs<Cluster extends Peerable>(
  clusters: readonly Cluster[],
  mode: Peering,
): [Cluster, Cluster][] {
  if (mode === 'none') return [];
  const able = clusters
    .filter((one) => one.provider !== null && one.vpcCidr !== null)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return able.flatMap((a, index) =>
    able
      .slice(index + 1)
      .filter((b) => a.provider === b.provider && !overlaps(a.vpcCidr ?? '', b.vpcCidr ?? ''))
      .map((b): [Cluster, Cluster] => [a, b]),
  );
}
