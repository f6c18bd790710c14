import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';

/** What is behind a cluster is reached no more; flows that run are cut as agents apply the next revision. */
export async function removeRange(context: Context, input: { id: string }): Promise<void> {
  const { organizationId } = context.actor;
  const { id } = input;
  await context.database.$transaction(async (tx) => {
    const found = await tx.clusterRange.findFirst({ where: { id, organizationId } });
    if (!found) throw new Refusal('not-found', 'There is no such range.');
    const { networkId, clusterId } = found;
    await lockNetwork(tx, organizationId, networkId);
    // Of two that remove it at once one finds nothing left.
    const { count } = await tx.clusterRange.deleteMany({ where: { id, organizationId } });
    if (count === 0) throw new Refusal('not-found', 'There is no such range.');
    const { name, cidr, overlayCidr } = found;
    await recordAudit(tx, context, 'range.remove', id, { name, clusterId, cidr, overlayCidr });
    const reason = `the range ${name} was removed`;
    await publishRevision(tx, organizationId, networkId, [{ cluster: clusterId }], reason);
  });
}
