import type { Labels } from '@skein/contract/primitive.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { peerView } from './view.ts';

/** Gives a peer these labels and no others. Rules that speak of labels follow at once. */
export async function labelPeer(context: Context, input: { id: string; labels: Labels }): Promise<Peer> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM peer WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
    const found = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such peer.');
    const { id, networkId, name } = found;
    const row = await tx.peer.update({ where: { id, organizationId }, data: { labels: input.labels } });
    await recordAudit(tx, context, 'peer.label', id, {
      name,
      before: peerView(found).labels,
      labels: input.labels,
    });
    await publishRevision(tx, organizationId, networkId, [{ peer: id }], `${name} has other labels`);
    return peerView(row);
  });
}
