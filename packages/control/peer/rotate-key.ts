import type { Peer } from '@skein/contract/rest/peer.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { peerView } from './view.ts';

/**
 * Wants the peer's WireGuard key replaced. Its agent makes the new one, now or when it is next heard of: the private
 * half never leaves the node. Asking again before that changes nothing.
 */
export async function rotateKey(context: Context, input: { id: string }): Promise<Peer> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM peer WHERE id = ${input.id} FOR NO KEY UPDATE`;
    const peer = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!peer) throw new Refusal('not-found', 'There is no such peer.');
    if (peer.wireguardKey === null)
      throw new Refusal('conflict', 'The peer has not joined yet: it has no key to replace.');
    if (peer.retiredKey === peer.wireguardKey) return peerView(peer);
    const retired = await tx.peer.update({
      where: { id: peer.id, organizationId },
      data: { retiredKey: peer.wireguardKey },
    });
    await recordAudit(tx, context, 'peer.rotate-key', peer.id, { name: peer.name });
    const reason = `the key of ${peer.name} is to be replaced`;
    await publishRevision(tx, organizationId, peer.networkId, [{ peer: peer.id }], reason);
    return peerView(retired);
  });
}
