import type { Peer } from '@skein/contract/rest/peer.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { peerView } from './view.ts';

/**
 * Says whether a peer passes on what others send each other that find no way of their own. Who is given to it follows
 * by itself.
 * @param input `tlsPort` takes in peers that no UDP gets out of; left out, it stays as it is
 */
export async function setRelay(
  context: Context,
  input: { id: string; relays: boolean; tlsPort?: number | undefined },
): Promise<Peer> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`
      SELECT id FROM peer WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
    const found = await tx.peer.findFirst({ where: { id: input.id, organizationId, removedAt: null } });
    if (!found) throw new Refusal('not-found', 'There is no such peer.');
    const { relays } = input;
    const relayTlsPort = input.tlsPort ?? found.relayTlsPort;
    if (found.relays === relays && found.relayTlsPort === relayTlsPort) return peerView(found);
    const { id, networkId, name } = found;
    const row = await tx.peer.update({ where: { id, organizationId }, data: { relays, relayTlsPort } });
    await recordAudit(tx, context, 'peer.relay', id, { name, relays, relayTlsPort });
    const reason = input.relays ? `${name} relays for others` : `${name} relays no more`;
    await publishRevision(tx, organizationId, networkId, [{ peer: id }], reason);
    return peerView(row);
  });
}
