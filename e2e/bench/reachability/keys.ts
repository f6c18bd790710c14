/** WireGuard keys that follow from a text: each network of the benchmark has its own. */
import { createHash } from 'node:crypto';
import { wireguardPublicKey } from '@skein/agent/state/keys.ts';

export function privateKeyOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest();
  bytes[0] = (bytes[0] ?? 0) & 248;
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
  return bytes.toString('base64');
}

export function publicKeyOf(text: string): string {
  return wireguardPublicKey(privateKeyOf(text));
}
