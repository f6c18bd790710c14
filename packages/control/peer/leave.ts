import type { Transaction } from '@skein/database/client.ts';
import { publishRevision } from '../map/publish.ts';
import { forgetRangesOf } from '../range/forget.ts';
import type { ChannelContext } from './enrol.ts';
import { freeSeat } from './seat.ts';

/**
 * Takes a peer out of its network at its own wish. What follows from it is the worker's: names go from the hosted zones
 * as with every revision, and what a cloud holds of the node ends (`end-departed.ts`). Answers false where it was gone
 * already.
 */
export async function leavePeer(context: ChannelContext, peerId: string): Promise<boolean> {
  return context.database.$transaction(async (tx) => {
    const now = context.now();
    // As in enrolment: who leads a cluster changes under its lock.
    await tx.$queryRaw`SELECT id FROM cluster WHERE id = (SELECT "clusterId" FROM peer WHERE id = ${peerId}) FOR UPDATE`;
    const { count } = await tx.peer.updateMany({
      where: { id: peerId, removedAt: null },
      data: { removedAt: now, disconnectedAt: now },
    });
    if (count === 0) return false;
    const peer = await tx.peer.findUniqueOrThrow({ where: { id: peerId } });
    const { organizationId, networkId, clusterId, name } = peer;
    await tx.auditEvent.create({
      data: {
        organizationId,
        actor: `agent ${peerId}`,
        action: 'peer.leave',
        target: peerId,
        details: { clusterId, name },
        at: now,
      },
    });
    const heir = peer.role === 'gateway' ? await promoteHeir(tx, clusterId) : null;
    const behind = await forgetRangesOf(tx, organizationId, peer);
    const changes = [{ peer: peerId }, ...(heir ? [{ peer: heir.id }] : []), ...behind];
    const reason = heir ? `${name} left and ${heir.name} is the gateway now` : `${name} left`;
    await publishRevision(tx, organizationId, networkId, changes, reason);
    return true;
  });
}

/**
 * Among plain hosts the first to come was made the gateway; when the last gateway goes, the next oldest follows, or
 * nobody would carry the others' traffic. In a cloud a gateway is more than a role: there nobody can follow.
 */
async function promoteHeir(tx: Transaction, clusterId: string): Promise<{ id: string; name: string } | null> {
  const living = { clusterId, removedAt: null, enrolledAt: { not: null } };
  const plain = await tx.cluster.count({ where: { id: clusterId, cloudAccountId: null, deletedAt: null } });
  if (plain === 0 || (await tx.peer.count({ where: { ...living, role: 'gateway' } })) > 0) return null;
  const heir = await tx.peer.findFirst({
    where: living,
    orderBy: [{ enrolledAt: 'asc' }, { id: 'asc' }],
    select: { id: true, name: true },
  });
  if (heir) await tx.peer.update({ where: { id: heir.id }, data: { role: 'gateway', seat: freeSeat([]) } });
  return heir;
}
