/**
 * Ed25519 (RFC 8032) over what agents and the coordinator say. Keys travel as 32 raw bytes in base64; a private key
 * is its seed. Each kind of text is signed under its own context, so that none can stand for another.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  type MapDelta,
  type NetworkMap,
  type Removal,
  SIGNATURE_CONTEXT,
  type SignedMap,
  type SignedRemoval,
} from '@skein/contract/agent/map.ts';
import type { ServicesNews, SignedServices } from '@skein/contract/agent/service.ts';

// DER of an Ed25519 key up to its 32 raw bytes (RFC 8410).
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Opens a private key given as its seed. Throws RangeError unless it is 32 bytes in base64. */
export function openPrivateKey(seed: string): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, rawKey(seed)]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** Opens a public key. Throws RangeError unless it is 32 bytes in base64. */
export function openPublicKey(key: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, rawKey(key)]), format: 'der', type: 'spki' });
}

/** The public key (base64) of a private one. */
export function publicKeyOf(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return der.subarray(PUBLIC_PREFIX.length).toString('base64');
}

/** Signs `text` under the context of its kind. Returns base64. */
export function signText(kind: keyof typeof SIGNATURE_CONTEXT, text: string, key: KeyObject): string {
  return sign(null, Buffer.from(SIGNATURE_CONTEXT[kind] + text), key).toString('base64');
}

/** Whether `signature` (base64) was made by the key's owner over `text` under the context of its kind. */
export function verifyText(
  kind: keyof typeof SIGNATURE_CONTEXT,
  text: string,
  signature: string,
  key: KeyObject,
): boolean {
  const bytes = Buffer.from(signature, 'base64');
  return bytes.length === 64 && verify(null, Buffer.from(SIGNATURE_CONTEXT[kind] + text), key, bytes);
}

/** Signs a map or a delta for its way to the agent. */
export function signMap(
  what: { kind: 'map'; value: NetworkMap } | { kind: 'delta'; value: MapDelta },
  key: KeyObject,
): SignedMap {
  const payload = JSON.stringify(what.value);
  return { kind: what.kind, payload, signature: signText(what.kind, payload, key) };
}

/** Whether the network's key signed this. Parse `payload` only after that. */
export function verifyMap(signed: SignedMap, key: KeyObject): boolean {
  return verifyText(signed.kind, signed.payload, signed.signature, key);
}

/** Signs the news that a peer was removed, for the agent that asked with `nonce`. */
export function signRemoval(removal: Removal, key: KeyObject): SignedRemoval {
  const payload = JSON.stringify(removal);
  return { payload, signature: signText('removed', payload, key) };
}

/** Signs news of services for the agent whose hello said their nonce. */
export function signServices(news: ServicesNews, key: KeyObject): SignedServices {
  const payload = JSON.stringify(news);
  return { payload, signature: signText('services', payload, key) };
}

/** What an agent signs to announce its WireGuard keys (kind `keys`). */
export function keysText(
  nonce: string,
  peerId: string,
  keys: { serial: number; wireguardKey: string; nextWireguardKey: string | null },
): string {
  return [nonce, peerId, keys.serial, keys.wireguardKey, keys.nextWireguardKey ?? ''].join('\n');
}

/** What an agent signs to prove its identity key on enrolment (kind `enrol`). */
export function enrolText(token: string, wireguardKey: string): string {
  return `${token}\n${wireguardKey}`;
}

/** What an agent signs in answer to a challenge (kind `hello`). */
export function helloText(nonce: string, peerId: string): string {
  return `${nonce}\n${peerId}`;
}

function rawKey(key: string): Buffer {
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== 32) throw new RangeError('a key must be 32 bytes in base64');
  return bytes;
}
