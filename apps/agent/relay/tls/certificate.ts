/**
 * The relay's certificate: made by the node itself, signed by nobody else, of no name and no end. Peers go by its key,
 * whose hash their signed map names.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from 'node:crypto';
import { STATE_DIRECTORY } from '../../config.ts';
import { readIfThere, writeSafely } from '../../state/files.ts';

const KEY_FILE = `${STATE_DIRECTORY}/relay-tls.key`;
// ecdsa-with-SHA256 (RFC 5758), and the attribute commonName (RFC 5280).
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
/** Says nothing to those who look. */
const NAME = 'localhost';
/** RFC 5280, section 4.1.2.5: no well-defined end. */
const NEVER = '99991231235959Z';
const SINCE = '20260101000000Z';

export interface RelayCertificate {
  /** PEM. */
  key: string;
  certificate: string;
  pin: string;
}

/** The key that this node has as a relay (P-256, PEM), made now where there is none. */
export async function ensureRelayKey(): Promise<KeyObject> {
  const held = await readIfThere(KEY_FILE);
  if (held) return createPrivateKey(held);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeSafely(KEY_FILE, pemOf(privateKey));
  return privateKey;
}

/** By what peers know a relay again: SHA-256 of its public key (SPKI, DER), base64. */
export function pinOf(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

/** Whether a certificate is that of the key that the pin is of. */
export function isPinned(certificate: X509Certificate | undefined, pin: string): boolean {
  return certificate !== undefined && pinOf(certificate.publicKey) === pin;
}

/** A certificate for the key, signed by itself (X.509 version 1). */
export function certify(key: KeyObject): RelayCertificate {
  const algorithm = der(0x30, ECDSA_WITH_SHA256);
  const name = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(NAME)))));
  const serial = randomBytes(16);
  // Positive, and no byte too long.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const toBeSigned = der(
    0x30,
    der(0x02, serial),
    algorithm,
    name,
    der(0x30, der(0x18, Buffer.from(SINCE)), der(0x18, Buffer.from(NEVER))),
    name,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, key));
  const whole = der(0x30, toBeSigned, algorithm, signature).toString('base64');
  const lines = whole.match(/.{1,64}/g) ?? [];
  return {
    key: pemOf(key),
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    pin: pinOf(key),
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** One value in ASN.1's distinguished encoding (X.690): tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
