import { publishRevision } from '../map/publish.ts';
import type { ChannelContext } from './enrol.ts';

/**
 * Takes a peer out of its network at its own wish. What follows from it is the worker's: names go from the hosted zones
 * as with every revision, and what a cloud holds of the node ends (`end-departed.ts`). Answers false where it was gone
 * already.
 */
export async function leavePeer(context: ChannelContext, peerId: string): Promise<boolean> {
  return context.database.$transaction(async (tx) => {
    const now = context.now();
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
    await publishRevision(tx, organizationId, networkId, [{ peer: peerId }], `${name} left`);
    return true;
  });
}
