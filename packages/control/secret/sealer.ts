/**
 * Secrets at rest: AES-256-GCM under one master key. What a sealed text belongs to (organization, purpose, row) is
 * authenticated with it, so that a text copied to another row or tenant does not open.
 *
 * Sealed bytes: version (1), nonce (12), ciphertext, tag (16). A nonce is random; at 2^32 sealings under one key a
 * repeat would have a chance of 2^-33 (NIST SP 800-38D), far above what one installation ever seals.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const MASTER_KEY_BYTES = 32;

/** What a secret belongs to. The key by which Skein signs its own tokens belongs to no organization. */
export type SecretPlace =
  | {
      organizationId: string;
      purpose: 'cloud-account' | 'network-map-key' | 'kubernetes-question';
      rowId: string;
    }
  | { organizationId: null; purpose: 'identity-key'; rowId: string };

export interface Sealer {
  seal(place: SecretPlace, plain: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Throws `SealFailure` where key, place or bytes are not those of the sealing. */
  open(place: SecretPlace, sealed: Uint8Array): Buffer;
}

export class SealFailure extends Error {
  readonly code = 'seal-broken';
  constructor(place: SecretPlace) {
    super(`the ${place.purpose} secret of ${place.rowId} does not open with this master key`);
    this.name = 'SealFailure';
  }
}

/** @param random fills the given bytes; pass `crypto.getRandomValues` in production. */
export function createSealer(key: Uint8Array, random: (bytes: Uint8Array<ArrayBuffer>) => unknown): Sealer {
  if (key.length !== MASTER_KEY_BYTES)
    throw new RangeError(`the master key must have ${MASTER_KEY_BYTES} bytes`);
  const master = Buffer.from(key);
  return {
    seal(place, plain) {
      const nonce = new Uint8Array(NONCE_BYTES);
      random(nonce);
      const cipher = createCipheriv('aes-256-gcm', master, nonce);
      cipher.setAAD(placeBytes(place));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Uint8Array.from([VERSION, ...nonce, ...body, ...cipher.getAuthTag()]);
    },
    open(place, sealed) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) throw new SealFailure(place);
      const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', master, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(placeBytes(place));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      try {
        return Buffer.concat([
          decipher.update(bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES)),
          decipher.final(),
        ]);
      } catch {
        throw new SealFailure(place);
      }
    },
  };
}

/** JSON keeps the parts apart: no two places give the same bytes. */
function placeBytes(place: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([VERSION, place.organizationId, place.purpose, place.rowId]));
}
