/**
 * A public SSH key that opens nothing. Azure makes no Linux machine without a password or a key; nobody is to log in to
 * these machines, so the private half is dropped before anybody has seen it.
 */
import { generateKeyPairSync } from 'node:crypto';

/** @returns an Ed25519 key as `authorized_keys` has it. */
export function throwawayPublicKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const type = 'ssh-ed25519';
  const blob = Buffer.concat([field(Buffer.from(type)), field(Buffer.from(x, 'base64url'))]);
  return `${type} ${blob.toString('base64')} skein`;
}
