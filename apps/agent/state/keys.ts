/** The node's two keys: Ed25519 says who it is, X25519 is WireGuard's. Made here; private halves never leave here. */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { openPrivateKey, publicKeyOf } from '@skein/mesh/map/sign.ts';
import { STATE_DIRECTORY } from '../config.ts';
import { readIfThere, writeSafely } from './files.ts';

/** The WireGuard halves change while the daemon runs. */
export interface Keys {
  identity: KeyObject;
  /** Ed25519, base64. */
  identityKey: string;
  wireguardPrivateKey: string;
  /** X25519, base64. */
  wireguardKey: string;
}

const IDENTITY_FILE = `${STATE_DIRECTORY}/identity.key`;
/** In the format that `wg set … private-key` reads. */
export const WIREGUARD_KEY_FILE = `${STATE_DIRECTORY}/wireguard.key`;

/** The key that is announced, until it is the one in use. */
const NEXT_WIREGUARD_KEY_FILE = `${STATE_DIRECTORY}/wireguard-next.key`;

// DER of X25519 keys up to their 32 raw bytes (RFC 8410).
const X25519_PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const X25519_PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PUBLIC_BYTES = 32;

/** The node's keys, made now where there are none. */
export async function ensureKeys(): Promise<Keys> {
  const identitySeed = (await readIfThere(IDENTITY_FILE))?.trim() ?? newSeed('ed25519');
  const wireguardPrivateKey = (await readIfThere(WIREGUARD_KEY_FILE))?.trim() ?? newSeed('x25519');
  const keys = openKeys(identitySeed, wireguardPrivateKey);
  await writeSafely(IDENTITY_FILE, `${identitySeed}\n`);
  await writeSafely(WIREGUARD_KEY_FILE, `${wireguardPrivateKey}\n`);
  return keys;
}

/** The keys held on this node, or undefined where one is missing. */
export async function readKeys(): Promise<Keys | undefined> {
  const [identitySeed, wireguardPrivateKey] = [
    await readIfThere(IDENTITY_FILE),
    await readIfThere(WIREGUARD_KEY_FILE),
  ];
  if (!identitySeed || !wireguardPrivateKey) return undefined;
  return openKeys(identitySeed.trim(), wireguardPrivateKey.trim());
}

/** When the WireGuard key in use was made, in milliseconds since 1970. */
export async function wireguardKeyMadeAt(): Promise<number> {
  return (await stat(WIREGUARD_KEY_FILE)).mtimeMs;
}

/** The private WireGuard key made for later, if there is one. */
export async function readNextKey(): Promise<string | undefined> {
  const [next, now] = [await readIfThere(NEXT_WIREGUARD_KEY_FILE), await readIfThere(WIREGUARD_KEY_FILE)];
  // Equal where the node stopped in the middle of the change.
  return next === now ? undefined : next?.trim();
}

/** Makes and keeps the private WireGuard key for later. */
export async function makeNextKey(): Promise<string> {
  const next = newSeed('x25519');
  await writeSafely(NEXT_WIREGUARD_KEY_FILE, `${next}\n`);
  return next;
}

/** Keeps the key made for later as the one in use: whatever starts from now on uses it. */
export async function keepNextKey(next: string): Promise<void> {
  await writeSafely(WIREGUARD_KEY_FILE, `${next}\n`);
  await rm(NEXT_WIREGUARD_KEY_FILE, { force: true });
}

/** Has this process use it too. */
export function takeNextKey(keys: Keys, next: string): void {
  keys.wireguardPrivateKey = next;
  keys.wireguardKey = wireguardPublicKey(next);
}

function openKeys(identitySeed: string, wireguardPrivateKey: string): Keys {
  const identity = openPrivateKey(identitySeed);
  return {
    identity,
    identityKey: publicKeyOf(identity),
    wireguardPrivateKey,
    wireguardKey: wireguardPublicKey(wireguardPrivateKey),
  };
}

/** X25519's public key (base64) of a private one (base64, 32 bytes). */
export function wireguardPublicKey(privateKey: string): string {
  const key = createPrivateKey({
    key: Buffer.concat([X25519_PRIVATE_PREFIX, Buffer.from(privateKey, 'base64')]),
    format: 'der',
    type: 'pkcs8',
  });
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(-X25519_PUBLIC_BYTES).toString('base64');
}

/** What both of a pair come to, each by its private WireGuard key and the other's public one (base64): 32 bytes. */
export function agreedSecret(privateKey: string, publicKey: string): Buffer {
  return diffieHellman({
    privateKey: createPrivateKey({
      key: Buffer.concat([X25519_PRIVATE_PREFIX, Buffer.from(privateKey, 'base64')]),
      format: 'der',
      type: 'pkcs8',
    }),
    publicKey: createPublicKey({
      key: Buffer.concat([X25519_PUBLIC_PREFIX, Buffer.from(publicKey, 'base64')]),
      format: 'der',
      type: 'spki',
    }),
  });
}

/** A new private key as 32 raw bytes in base64. */
export function newSeed(type: 'ed25519' | 'x25519'): string {
  const { privateKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
}
