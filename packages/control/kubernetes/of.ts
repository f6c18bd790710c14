import { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import type { Prisma } from '@skein/database/generated/client.ts';

const Kept = ClusterKubernetes.omit({ podCidr: true, serviceCidr: true });

/** What Kubernetes a cluster's row says that it has; null for plain nodes. */
export function kubernetesOf(row: {
  kubernetes: unknown;
  podCidr: string | null;
  serviceCidr: string | null;
}): ClusterKubernetes | null {
  if (row.kubernetes === null) return null;
  const { podCidr, serviceCidr } = row;
  return { ...Kept.parse(row.kubernetes), podCidr, serviceCidr };
}

/** The same as the row's columns: ranges have columns of their own, for they are looked up without the rest. */
export function kubernetesColumns(kubernetes: ClusterKubernetes | null): {
  kubernetes?: Prisma.InputJsonValue;
  podCidr: string | null;
  serviceCidr: string | null;
} {
  if (kubernetes === null) return { podCidr: null, serviceCidr: null };
  const { podCidr, serviceCidr, ...kept } = kubernetes;
  return { kubernetes: kept, podCidr, serviceCidr };
}
