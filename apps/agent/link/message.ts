/**
 * What agents say to each other over the tunnel, in one small datagram each way. Question and answer alike tell the
 * state of their sender, so that a change is told by asking. Who speaks is known by the address: the tunnel proves it.
 */
import { formatAddress, formatCidr, parseCidr } from '@skein/mesh/ipam/cidr.ts';

/** How far the sender can be used as a way to others. */
export interface Saying {
  /** About to go: whoever has another way should take it now. */
  draining: boolean;
  /** Prefixes that the sender carries and does not reach at present. */
  unreachable: readonly string[];
}

export interface Message {
  kind: 'ask' | 'answer';
  /** Comes back in the answer as it was asked. */
  nonce: Buffer;
  saying: Saying;
}

const KINDS = { ask: Buffer.from('skein?\n\x01'), answer: Buffer.from('skein!\n\x01') };
const KIND_BYTES = 8;
const NONCE_BYTES = 8;
const HEAD_BYTES = KIND_BYTES + NONCE_BYTES + 2;
const PREFIX_BYTES = 5;
const MOST_PREFIXES = 255;
const DRAINING = 1;

export function encodeMessage({ kind, nonce, saying }: Message): Buffer {
  const prefixes = saying.unreachable.slice(0, MOST_PREFIXES).map(parseCidr);
  const bytes = Buffer.alloc(HEAD_BYTES + prefixes.length * PREFIX_BYTES);
  KINDS[kind].copy(bytes);
  nonce.copy(bytes, KIND_BYTES, 0, NONCE_BYTES);
  bytes[HEAD_BYTES - 2] = saying.draining ? DRAINING : 0;
  bytes[HEAD_BYTES - 1] = prefixes.length;
  let at = HEAD_BYTES;
  for (const { first, prefixLength } of prefixes) {
    bytes.writeUInt32BE(first, at);
    bytes.writeUInt8(prefixLength, at + 4);
    at += PREFIX_BYTES;
  }
  return bytes;
}

/** Undefined for what is no such message, whole and well-formed. */
export function decodeMessage(bytes: Buffer): Message | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const head = bytes.subarray(0, KIND_BYTES);
  const kind = head.equals(KINDS.ask) ? 'ask' : head.equals(KINDS.answer) ? 'answer' : undefined;
  const count = bytes.readUInt8(HEAD_BYTES - 1);
  if (!kind || bytes.length !== HEAD_BYTES + count * PREFIX_BYTES) return undefined;
  const unreachable: string[] = [];
  for (let at = HEAD_BYTES; at < bytes.length; at += PREFIX_BYTES) {
    const prefixLength = bytes.readUInt8(at + 4);
    if (prefixLength > 32) return undefined;
    // Written anew, so that bits beyond the prefix cannot make one prefix look like two.
    unreachable.push(formatCidr(parseCidr(`${formatAddress(bytes.readUInt32BE(at))}/${prefixLength}`)));
  }
  return {
    kind,
    nonce: bytes.subarray(KIND_BYTES, KIND_BYTES + NONCE_BYTES),
    saying: { draining: (bytes.readUInt8(HEAD_BYTES - 2) & DRAINING) !== 0, unreachable },
  };
}
