/**
 * Who comes: said with the WebSocket's very first request, so that whoever cannot say it meets a web server that knows
 * no such page. The token is bound to the TLS connection it is sent in (RFC 5705, RFC 8446 section 7.5): both sides
 * derive the same bytes from the handshake, to which the relay gave its random too, and no other connection has them.
 * So a token that was seen is worth nothing again. The relay is known by its certificate's key, which the map names.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { agreedSecret } from '../../state/keys.ts';

const CONTEXT = 'skein tls relay v1\n';
const LABEL = 'EXPORTER-skein-relay-v1';
const BOUND_BYTES = 32;
const MAC_BYTES = 32;
const SCHEME = 'Bearer ';
const LONGEST_ID_BYTES = 100;

/** What only the two ends of this connection have. Throws before the handshake is done. */
export function boundTo(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(BOUND_BYTES, LABEL, Buffer.alloc(0));
}

/** The key of a peer and a relay: from one's private WireGuard key and the other's public one, base64. */
export function relayKey(privateKey: string, publicKey: string): Buffer {
  return createHmac('sha256', agreedSecret(privateKey, publicKey)).update(CONTEXT).digest();
}

/** The value of the `authorization` header. */
export function sayWho(peerId: string, key: Buffer, bound: Buffer): string {
  return SCHEME + Buffer.concat([macOf(peerId, key, bound), Buffer.from(peerId)]).toString('base64url');
}

/**
 * The id of the peer that says who it is in this very connection; undefined for everybody else.
 * @param keysOf the keys of which that peer must have one; none for who is not to come here
 */
export function whoSays(
  header: string | undefined,
  bound: Buffer,
  keysOf: (peerId: string) => readonly Buffer[],
): string | undefined {
  if (!header?.startsWith(SCHEME)) return undefined;
  const token = Buffer.from(header.slice(SCHEME.length), 'base64url');
  if (token.length <= MAC_BYTES || token.length > MAC_BYTES + LONGEST_ID_BYTES) return undefined;
  const peerId = token.subarray(MAC_BYTES).toString();
  const mac = token.subarray(0, MAC_BYTES);
  const known = keysOf(peerId).some((key) => timingSafeEqual(macOf(peerId, key, bound), mac));
  return known ? peerId : undefined;
}

function macOf(peerId: string, key: Buffer, bound: Buffer): Buffer {
  return createHmac('sha256', key).update(bound).update(peerId).digest();
}
