/**
 * Ways to other peers beneath the tunnel. This file: the question and the answer by which a way is tried, sealed by a
 * key that only the two peers have. They come from WireGuard's own port and go to it, so what they open and find in
 * NATs is what WireGuard will find.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { formatAddress, parseAddress } from '@skein/mesh/ipam/cidr.ts';
import { agreedSecret } from '../state/keys.ts';

export interface PathMessage {
  kind: 'ask' | 'answer';
  /** 8 bytes, in the answer as in the question. */
  nonce: Buffer;
  /** In an answer: where the question came from in the eyes of the one who answers. */
  seen: { address: string; port: number } | null;
}

/** `skn1`: no message of WireGuard begins so, and relays let it pass. */
export const MAGIC = Buffer.from('skn1');
const KINDS = { ask: 1, answer: 2 } as const;
const TAG_BYTES = 8;
const HEAD_BYTES = 4 + 1 + 8 + TAG_BYTES + 4 + 2;
const MAC_BYTES = 16;
const CONTEXT = 'skein path v1\n';

/** The key of a pair, the same for both: from one's WireGuard private key and the other's public one, base64. */
export function pathKey(privateKey: string, publicKey: string): Buffer {
  return createHmac('sha256', agreedSecret(privateKey, publicKey)).update(CONTEXT).digest();
}

/**
 * Says to the receiver who sends, and to nobody who does not know both WireGuard keys: no address of the inside is seen
 * outside. 8 bytes in hex.
 */
export function pathTag(senderKey: string, receiverKey: string): string {
  const hash = createHash('sha256').update(`${CONTEXT}${senderKey} to ${receiverKey}`);
  return hash.digest().subarray(0, TAG_BYTES).toString('hex');
}

/** @param tag of the sender, for this receiver @param key of the pair */
export function encodePath(message: PathMessage, tag: string, key: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head[4] = KINDS[message.kind];
  message.nonce.copy(head, 5, 0, 8);
  head.write(tag, 13, TAG_BYTES, 'hex');
  if (message.seen) {
    head.writeUInt32BE(parseAddress(message.seen.address), 21);
    head.writeUInt16BE(message.seen.port, 25);
  }
  return Buffer.concat([head, macOf(head, key)]);
}

/** Undefined for what is no such message, or not sealed by the key of the peer whose tag it bears. */
export function decodePath(
  bytes: Buffer,
  keyOf: (tag: string) => Buffer | undefined,
): PathMessage | undefined {
  if (bytes.length !== HEAD_BYTES + MAC_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) return undefined;
  const kind = bytes[4] === KINDS.ask ? 'ask' : bytes[4] === KINDS.answer ? 'answer' : undefined;
  const key = kind && keyOf(bytes.toString('hex', 13, 13 + TAG_BYTES));
  if (!kind || !key) return undefined;
  const head = bytes.subarray(0, HEAD_BYTES);
  if (!timingSafeEqual(macOf(head, key), bytes.subarray(HEAD_BYTES))) return undefined;
  const port = bytes.readUInt16BE(25);
  return {
    kind,
    nonce: bytes.subarray(5, 13),
    seen: port === 0 ? null : { address: formatAddress(bytes.readUInt32BE(21)), port },
  };
}

function macOf(head: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest().subarray(0, MAC_BYTES);
}
