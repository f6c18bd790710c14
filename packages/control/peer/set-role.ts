import type { PeerRole } from '@skein/contract/primitive.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { freeSeat } from './seat.ts';
import { peerView } from './view.ts';

/**
 * Makes a plain host a gateway of its cluster beside those that are there, or a member again. What clouds let in
 * follows by itself. A node that Skein made stays what it was made: a gateway's address and its forwarding are of the
 * instance.
 */
export async function setRole(context: Context, input: { id: string; role: PeerRole }): Promise<Peer> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    const known = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!known) throw new Refusal('not-found', 'There is no such peer.');
    const { id, networkId, clusterId, name } = known;
    // Two who ask at once must not be given one seat, nor both take the last gateway away.
    await tx.$queryRaw`SELECT id FROM cluster WHERE id = ${clusterId} FOR UPDATE`;
    const mates = await tx.peer.findMany({
      where: { clusterId, removedAt: null, role: 'gateway' },
      select: { id: true, seat: true },
    });
    const isGateway = mates.some((mate) => mate.id === id);
    if (isGateway === (input.role === 'gateway')) return peerView(known);
    if (known.managed)
      throw new Refusal(
        'conflict',
        `${name} was made by Skein as it is: begin a cluster with as many gateways as it should have.`,
      );
    if (known.enrolledAt === null) throw new Refusal('conflict', `${name} has not joined yet.`);
    if (isGateway && mates.length === 1)
      throw new Refusal(
        'conflict',
        `${name} is the only gateway of its cluster: make another peer a gateway first.`,
      );
    const seat = isGateway ? null : freeSeat(mates.map((mate) => mate.seat));
    if (!isGateway && seat === null)
      throw new Refusal('conflict', `The cluster has ${mates.length} gateways, and no more work at once.`);
    const row = await tx.peer.update({ where: { id, organizationId }, data: { role: input.role, seat } });
    await recordAudit(tx, context, 'peer.role', id, { name, role: input.role });
    const reason = isGateway ? `${name} is a member now` : `${name} is a gateway now`;
    await publishRevision(tx, organizationId, networkId, [{ peer: id }], reason);
    return peerView(row);
  });
}
