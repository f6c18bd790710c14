import { newId } from '@skein/contract/primitive.ts';
import type { ClusterRange, NewRange } from '@skein/contract/rest/range.ts';
import { allocateRange, rangeProblems } from '@skein/mesh/range/accept.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { hostsOf, rangeView } from './view.ts';

/** What is to be added: `cidr` is null for a Docker network that is made, whose addresses are given out. */
export type RangeWish = Omit<NewRange, 'cidr'> & {
  readonly cidr: string | null;
  readonly prefixLength: number;
  readonly docker: string | null;
};

/**
 * Writes a range of a cluster and publishes it. Agents have it once they have applied the network's next revision. Throws
 * `Refusal` where it cannot be, with the fields that it is about.
 */
export async function writeRange(
  context: Context,
  clusterId: string,
  asked: RangeWish,
): Promise<ClusterRange> {
  const { organizationId } = context.actor;
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
    const grant = allocateRange(
      `0.0.0.0/${asked.prefixLength}`,
      ranges.map((range) => range.overlayCidr),
    );
    if (!grant.ok)
      throw new Refusal(
        'conflict',
        `The network has no addresses left for another range as wide as a /${asked.prefixLength}. Remove one, or add a narrower one.`,
      );
    const wish = { ...asked, cidr: asked.cidr ?? grant.cidr };
    const problems = rangeProblems(
      {
        networkCidr: cluster.network.cidr,
        peers: cluster.peers,
        ranges: ranges
          .filter((range) => range.clusterId === clusterId)
          .map((range) => ({ ...range, hosts: range.dockerNetwork === null ? hostsOf(range) : [] })),
      },
      wish,
      asked.cidr === null,
    );
    if (asked.docker !== null)
      for (const other of ranges)
        if (other.peerId === asked.peerId && other.dockerNetwork === asked.docker)
          problems.push({ path: 'network', message: `${asked.docker} is the range ${other.name} already` });
    if (problems.length > 0)
      throw new Refusal(
        'invalid-request',
        `This range cannot be added to ${cluster.name}: ${problems[0]?.path} ${problems[0]?.message}.`,
        problems,
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
        dockerNetwork: asked.docker,
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
      ...(row.dockerNetwork === null ? {} : { docker: row.dockerNetwork }),
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
