import { Facts } from '@skein/contract/agent/channel.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { nodePodProblems } from '@skein/mesh/pods/accept.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { peerView } from './view.ts';

/** Sets the pod ranges of a peer's node, where no Kubernetes on it says them. Other peers send to it as agents hear of it. */
export async function setPeerPods(
  context: Context,
  input: { id: string; podCidrs: readonly string[] },
): Promise<Peer> {
  const { organizationId } = context.actor;
  const { id, podCidrs } = input;
  return context.database.$transaction(async (tx) => {
    const living = { id, organizationId, removedAt: null };
    const { networkId } = (await tx.peer.findFirst({ where: living })) ?? {};
    if (networkId === undefined) throw new Refusal('not-found', 'There is no such peer.');
    await lockNetwork(tx, organizationId, networkId);
    const found = await tx.peer.findFirst({ where: living, include: { cluster: true } });
    if (!found) throw new Refusal('not-found', 'There is no such peer.');
    const { name, clusterId, cluster } = found;
    if (Facts.safeParse(found.facts).data?.kubernetes)
      throw new Refusal('conflict', `The Kubernetes on ${name} says which pod ranges it has.`);
    const mates = await tx.peer.findMany({
      where: { clusterId, organizationId, removedAt: null, id: { not: id } },
    });
    const problems = nodePodProblems(
      podCidrs,
      cluster.podCidr,
      mates.flatMap((mate) => mate.podCidrs.map((cidr) => ({ cidr, whose: mate.name }))),
    );
    if (problems.length > 0)
      throw new Refusal(
        'invalid-request',
        `${name} cannot have these pod ranges: ${problems.join('; ')}.`,
        problems.map((message) => ({ path: 'podCidrs', message })),
      );
    const row = await tx.peer.update({ where: { id, organizationId }, data: { podCidrs: [...podCidrs] } });
    await recordAudit(tx, context, 'peer.pods', id, { name, before: found.podCidrs, podCidrs });
    await publishRevision(tx, organizationId, networkId, [{ peer: id }], `${name} has other pods`);
    return peerView(row);
  });
}
