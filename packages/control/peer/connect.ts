import type { KeyObject } from 'node:crypto';
import { helloText, openPublicKey, verifyText } from '@skein/mesh/map/sign.ts';
import type { ChannelContext } from './enrol.ts';

export interface Hello {
  peerId: string;
  signature: string;
}
export type Greeting =
  | {
      ok: true;
      peerId: string;
      organizationId: string;
      networkId: string;
      clusterId: string;
      role: 'gateway' | 'member';
    }
  /** `removed` is said only to who proved to be that peer. */
  | { ok: false; reason: 'not-authentic' }
  | { ok: false; reason: 'removed'; networkId: string };

/** Checks that whoever answers the challenge `nonce` holds the identity key of the peer it says it is. */
export async function greetPeer(context: ChannelContext, nonce: string, hello: Hello): Promise<Greeting> {
  const peer = await context.database.peer.findUnique({
    where: { id: hello.peerId },
    select: {
      organizationId: true,
      networkId: true,
      clusterId: true,
      role: true,
      identityKey: true,
      removedAt: true,
      network: { select: { deletedAt: true } },
    },
  });
  if (!peer?.identityKey) return { ok: false, reason: 'not-authentic' };
  const key: KeyObject = openPublicKey(peer.identityKey);
  if (!verifyText('hello', helloText(nonce, hello.peerId), hello.signature, key))
    return { ok: false, reason: 'not-authentic' };
  if (peer.removedAt || peer.network.deletedAt)
    return { ok: false, reason: 'removed', networkId: peer.networkId };
  const { organizationId, networkId, clusterId, role } = peer;
  return { ok: true, peerId: hello.peerId, organizationId, networkId, clusterId, role };
}
