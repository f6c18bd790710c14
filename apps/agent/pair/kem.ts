/** ML-KEM-768 by Node's crypto, with public keys as they travel. */
import { createPublicKey, decapsulate, encapsulate, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { KEM_PUBLIC_BYTES } from './message.ts';

export interface Kem {
  generate(): { publicKey: Buffer; privateKey: KeyObject };
  /** Throws where this is no public key. */
  encapsulate(publicKey: Buffer): { shared: Buffer; ciphertext: Buffer };
  decapsulate(privateKey: KeyObject, ciphertext: Buffer): Buffer;
}

// DER of an ML-KEM-768 public key up to its raw bytes (RFC 9935).
const PUBLIC_PREFIX = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');

export const kem: Kem = {
  generate: () => {
    const { publicKey, privateKey } = generateKeyPairSync('ml-kem-768');
    const der = publicKey.export({ format: 'der', type: 'spki' });
    return { publicKey: der.subarray(-KEM_PUBLIC_BYTES), privateKey };
  },
  encapsulate: (raw) => {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, raw]), format: 'der', type: 'spki' });
    const { sharedKey, ciphertext } = encapsulate(key);
    return { shared: sharedKey, ciphertext };
  },
  decapsulate: (privateKey, ciphertext) => decapsulate(privateKey, ciphertext),
};
