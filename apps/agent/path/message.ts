/**
 * Ways to other peers beneath the tunnel. This file: the question and the answer by which a way is tried, sealed by a
 * key that only the two peers have. They come from WireGuard's own port and go to it, so what they open and find in
 * NATs is what WireGuard will find.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { formatAddress, parseAddress } from '@skein/mesh/ipam/cidr.ts';
import { agreedSecret } from '../state/keys.ts';

export interface PathMessage {
  kind: 'ask' | 'answer';
  /** 8 bytes, in the answer as in the question. */
  nonce: Buffer;
  /** Overlay address of the sender. */
  from: string;
  /** In an answer: where the question came from in the eyes of the one who answers. */
  seen: { address: string; port: number } | null;
}

/** `skn1`: no message of WireGuard begins so, and relays let it pass. */
export const MAGIC = Buffer.from('skn1');
const KINDS = { ask: 1, answer: 2 } as const;
const HEAD_BYTES = 4 + 1 + 8 + 4 + 4 + 2;
const MAC_BYTES = 16;
const CONTEXT = 'skein path v1\n';

/** The key of a pair, the same for both: from one's WireGuard private key and the other's public one, base64. */
export function pathKey(privateKey: string, publicKey: string): Buffer {
  return createHmac('sha256', agreedSecret(privateKey, publicKey)).update(CONTEXT).digest();
}

export function encodePath(message: PathMessage, key: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head[4] = KINDS[message.kind];
  message.nonce.copy(head, 5, 0, 8);
  head.writeUInt32BE(parseAddress(message.from), 13);
  if (message.seen) {
    head.writeUInt32BE(parseAddress(message.seen.address), 17);
    head.writeUInt16BE(message.seen.port, 21);
  }
  return Buffer.concat([head, macOf(head, key)]);
}

/** Undefined for what is no such message, or not sealed by the key of the peer that it says it is from. */
export function decodePath(
  bytes: Buffer,
  keyOf: (overlayAddress: string) => Buffer | undefined,
): PathMessage | undefined {
  if (bytes.length !== HEAD_BYTES + MAC_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) return undefined;
  const kind = bytes[4] === KINDS.ask ? 'ask' : bytes[4] === KINDS.answer ? 'answer' : undefined;
  const from = formatAddress(bytes.readUInt32BE(13));
  const key = kind && keyOf(from);
  if (!kind || !key) return undefined;
  const head = bytes.subarray(0, HEAD_BYTES);
  if (!timingSafeEqual(macOf(head, key), bytes.subarray(HEAD_BYTES))) return undefined;
  const port = bytes.readUInt16BE(21);
  return {
    kind,
    nonce: bytes.subarray(5, 13),
    from,
    seen: port === 0 ? null : { address: formatAddress(bytes.readUInt32BE(17)), port },
  };
}

function macOf(head: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest().subarray(0, MAC_BYTES);
}
