import type { FromAgent } from '@skein/contract/agent/channel.ts';
import { keysText, openPublicKey, verifyText } from '@skein/mesh/map/sign.ts';
import { publishRevision } from '../map/publish.ts';
import type { ChannelContext } from './enrol.ts';

export type KeysFrame = Extract<FromAgent, { type: 'keys' }>;

/**
 * Takes the WireGuard keys that an agent says it uses and will use. The identity key must have signed them for this
 * very channel: whoever could put keys into the others' maps could stand in for the peer. Answers false, and changes
 * nothing, where that is not so, or where another peer of the network has one of the keys.
 * @param nonce the challenge of the channel that the frame came by
 */
export async function announceKeys(
  context: ChannelContext,
  nonce: string,
  peerId: string,
  frame: KeysFrame,
): Promise<boolean> {
  const { wireguardKey, nextWireguardKey } = frame;
  return context.database.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT id FROM peer WHERE id = ${peerId} FOR NO KEY UPDATE`;
    const peer = await tx.peer.findFirst({ where: { id: peerId, removedAt: null } });
    if (!peer?.identityKey || wireguardKey === nextWireguardKey) return false;
    const text = keysText(nonce, peerId, frame);
    if (!verifyText('keys', text, frame.proof, openPublicKey(peer.identityKey))) return false;
    if (peer.wireguardKey === wireguardKey && peer.nextWireguardKey === nextWireguardKey) return true;
    const keys = [wireguardKey, ...(nextWireguardKey ? [nextWireguardKey] : [])];
    const { organizationId, networkId } = peer;
    // WireGuard tells peers apart by this key alone: a second one would take over the first one's traffic.
    const twins = await tx.peer.count({
      where: {
        networkId,
        id: { not: peerId },
        removedAt: null,
        OR: [{ wireguardKey: { in: keys } }, { nextWireguardKey: { in: keys } }],
      },
    });
    if (twins > 0) return false;
    const changed = peer.wireguardKey !== wireguardKey;
    await tx.peer.update({
      where: { id: peerId },
      data: {
        wireguardKey,
        nextWireguardKey,
        retiredKey: peer.retiredKey === wireguardKey ? wireguardKey : null,
      },
    });
    if (changed)
      await tx.auditEvent.create({
        data: {
          organizationId,
          actor: `agent ${peerId}`,
          action: 'peer.change-key',
          target: peerId,
          details: { name: peer.name, wireguardKey },
          at: context.now(),
        },
      });
    const reason = changed ? `${peer.name} has a new key` : `${peer.name} announced a new key`;
    await publishRevision(tx, organizationId, networkId, [{ peer: peerId }], reason);
    return true;
  });
}
