import type { Cluster } from '@skein/contract/rest/network.ts';
import { podCidrProblems } from '@skein/mesh/pods/accept.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { lockRanges } from '../network/plan/known.ts';
import { clusterFields, clusterView } from '../network/view.ts';

/**
 * Sets what a cluster's pod ranges are cut from, or takes its pods out of the network. Where Skein made the cluster's
 * Kubernetes it is not to be changed.
 */
export async function setClusterPods(
  context: Context,
  input: { id: string; podCidr: string | null },
): Promise<Cluster> {
  const { organizationId } = context.actor;
  const { id, podCidr } = input;
  return context.database.$transaction(async (tx) => {
    await lockRanges(tx, organizationId);
    const living = { id, organizationId, deletedAt: null };
    const { networkId } = (await tx.cluster.findFirst({ where: living })) ?? {};
    if (networkId === undefined) throw new Refusal('not-found', 'There is no such cluster.');
    await lockNetwork(tx, organizationId, networkId);
    const found = await tx.cluster.findFirst({ where: living });
    if (!found) throw new Refusal('not-found', 'There is no such cluster.');
    const { name, kubernetes } = found;
    if (isMade(kubernetes))
      throw new Refusal('conflict', `Skein made the Kubernetes of ${name}, whose pod range stays as it is.`);
    const others = await tx.cluster.findMany({ where: { organizationId, deletedAt: null } });
    const problems = podCidr === null ? [] : podCidrProblems(podCidr, takenBy(others, id));
    if (problems.length > 0)
      throw new Refusal(
        'invalid-request',
        `The pods of ${name} cannot have ${podCidr}: ${problems.join('; ')}.`,
        problems.map((message) => ({ path: 'podCidr', message })),
      );
    const row = await tx.cluster.update({
      where: { id, organizationId },
      data: { podCidr },
      select: clusterFields,
    });
    await recordAudit(tx, context, 'cluster.pods', id, { name, before: found.podCidr, podCidr });
    await publishRevision(tx, organizationId, networkId, [{ cluster: id }], `${name} has other pods`);
    return clusterView(row);
  });
}

function takenBy(
  clusters: readonly {
    id: string;
    name: string;
    vpcCidr: string | null;
    podCidr: string | null;
    serviceCidr: string | null;
  }[],
  id: string,
) {
  return clusters.flatMap((one) => [
    ...(one.podCidr === null || one.id === id ? [] : [{ cidr: one.podCidr, whose: `pods of ${one.name}` }]),
    ...(one.serviceCidr === null ? [] : [{ cidr: one.serviceCidr, whose: `services of ${one.name}` }]),
    ...(one.vpcCidr === null ? [] : [{ cidr: one.vpcCidr, whose: `the VPC of ${one.name}` }]),
  ]);
}

function isMade(kubernetes: unknown): boolean {
  return (
    typeof kubernetes === 'object' && (kubernetes as { distribution?: string } | null)?.distribution === 'k3s'
  );
}
