/**
 * What two agents of a pair say to each other over the tunnel between them. This file: the datagrams, each of which
 * fits the smallest tunnel. That they come from the peer is WireGuard's promise: none is signed once more.
 */

const MAGIC = Buffer.from('skein/p1');
const HEAD = MAGIC.length + 1;
const ID = 16;
/** A WireGuard public key, as its 32 bytes. */
const KEY = 32;
const MAC = 32;
/** Of ML-KEM-768 (FIPS 203): public key and ciphertext. */
export const KEM_PUBLIC_BYTES = 1184;
export const KEM_CIPHERTEXT_BYTES = 1088;

export type PairMessage =
  /** Asks for a shared key: `body` is an ML-KEM public key made for this question alone. */
  | { type: 'ask'; id: Buffer; body: Buffer }
  /** The ciphertext of the shared key. */
  | { type: 'answer'; id: Buffer; body: Buffer }
  /** The asker has it too, and uses it; then the answerer does. Each proves it by a MAC. */
  | { type: 'confirm'; id: Buffer; body: Buffer }
  | { type: 'done'; id: Buffer; body: Buffer }
  /** "I am about to use this WireGuard key": asked until everybody says that its map knows it. */
  | { type: 'announce'; body: Buffer }
  | { type: 'known'; body: Buffer }
  /** The last word under the old WireGuard key: from now on it is the announced one. */
  | { type: 'moved'; body: Buffer };

const KINDS: readonly { type: PairMessage['type']; id: number; body: number }[] = [
  { type: 'ask', id: ID, body: KEM_PUBLIC_BYTES },
  { type: 'answer', id: ID, body: KEM_CIPHERTEXT_BYTES },
  { type: 'confirm', id: ID, body: MAC },
  { type: 'done', id: ID, body: MAC },
  { type: 'announce', id: 0, body: KEY },
  { type: 'known', id: 0, body: KEY },
  { type: 'moved', id: 0, body: KEY },
];

export function encode(message: PairMessage): Buffer {
  const code = KINDS.findIndex((kind) => kind.type === message.type);
  return Buffer.concat([
    MAGIC,
    Buffer.from([code]),
    'id' in message ? message.id : Buffer.alloc(0),
    message.body,
  ]);
}

/** The message, or undefined where it is none of ours or of a wrong length. */
export function decode(datagram: Buffer): PairMessage | undefined {
  if (!datagram.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const kind = KINDS[datagram[MAGIC.length] ?? KINDS.length];
  if (!kind || datagram.length !== HEAD + kind.id + kind.body) return undefined;
  // Copies: the datagram's buffer is used again.
  const body = Buffer.from(datagram.subarray(HEAD + kind.id));
  if (kind.id === 0) return { type: kind.type, body } as PairMessage;
  return { type: kind.type, id: Buffer.from(datagram.subarray(HEAD, HEAD + kind.id)), body } as PairMessage;
}
