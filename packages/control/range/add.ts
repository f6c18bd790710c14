import { newId } from '@skein/contract/primitive.ts';
import type { ClusterRange, NewRange } from '@skein/contract/rest/range.ts';
import { allocateRange, rangeProblems } from '@skein/mesh/range/accept.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { hostsOf, rangeView } from './view.ts';

/**
 * Lets the network reach what is behind a cluster and runs no agent, by addresses that are given out here. Agents have it
 * once they have applied the network's next revision.
 */
export async function addRange(
  context: Context,
  input: { clusterId: string } & NewRange,
): Promise<ClusterRange> {
  const { organizationId } = context.actor;
  const { clusterId, ...wish } = input;
  return context.database.$transaction(async (tx) => {
    const living = { id: clusterId, organizationId, deletedAt: null };
    const { networkId } = (await tx.cluster.findFirst({ where: living })) ?? {};
    if (networkId === undefined) throw new Refusal('not-found', 'There is no such cluster.');
    await lockNetwork(tx, organizationId, networkId);
    const cluster = await tx.cluster.findFirst({
      where: living,
      include: { network: true, peers: { where: { removedAt: null } } },
    });
    if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
    if (cluster.state === 'deleting')
      throw new Refusal('conflict', `${cluster.name} is being removed already.`);
    const ranges = await tx.clusterRange.findMany({ where: { networkId, organizationId } });
    const problems = rangeProblems(
      {
        networkCidr: cluster.network.cidr,
        peers: cluster.peers,
        ranges: ranges
          .filter((range) => range.clusterId === clusterId)
          .map((range) => ({ ...range, hosts: hostsOf(range) })),
      },
      wish,
    );
    if (problems.length > 0)
      throw new Refusal(
        'invalid-request',
        `This range cannot be added to ${cluster.name}: ${problems[0]?.path} ${problems[0]?.message}.`,
        problems,
      );
    const grant = allocateRange(
      wish.cidr,
      ranges.map((range) => range.overlayCidr),
    );
    if (!grant.ok)
      throw new Refusal(
        'conflict',
        `The network has no addresses left for another range as wide as ${wish.cidr}. Remove one, or add a narrower one.`,
      );
    const { name, cidr, peerId, hosts } = wish;
    const row = await tx.clusterRange.create({
      data: {
        id: newId('range', context.random),
        organizationId,
        networkId,
        clusterId,
        peerId,
        name,
        cidr,
        overlayCidr: grant.cidr,
        replies: wish.replies ?? (peerId === null ? 'masqueraded' : 'routed'),
        hosts,
        createdAt: context.now(),
      },
    });
    await recordAudit(tx, context, 'range.add', row.id, {
      cluster: cluster.name,
      name,
      cidr,
      overlayCidr: row.overlayCidr,
      peerId,
      replies: row.replies,
      hosts,
    });
    await publishRevision(
      tx,
      organizationId,
      networkId,
      [{ cluster: clusterId }],
      `${cluster.name} has the range ${name}`,
    );
    return rangeView(row);
  });
}
