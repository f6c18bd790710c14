/**
 * Tokens that we give out: a prefix that says what it is, 30 base62 characters (178 bits), and a check sum, so that
 * scanners find leaked ones and typing errors are told from unknown ones. Only a hash is ever stored.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 30;
const CHECK_LENGTH = 6;

export type TokenKind = 'skj' | 'skn' | 'sks';

/** `skj_…` joins a node, `skn_…` is an API token, `sks_…` a set-up link. @param random fills the given bytes. */
export function makeToken(kind: TokenKind, random: (bytes: Uint8Array<ArrayBuffer>) => unknown): string {
  let secret = '';
  const bytes = new Uint8Array(64);
  while (secret.length < SECRET_LENGTH) {
    random(bytes);
    // 248 is the greatest multiple of 62 in a byte: what is above would favour the first characters.
    for (const byte of bytes) if (byte < 248 && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % 62];
  }
  return `${kind}_${secret}${checkOf(kind, secret)}`;
}

/** Whether a text has the form and check sum of our tokens; says nothing of its being known. */
export function isToken(kind: TokenKind, text: string): boolean {
  const match = /^([a-z]{3})_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/.exec(text);
  return match?.[1] === kind && match[2] !== undefined && match[3] === checkOf(kind, match[2]);
}

/** SHA-256, hex. Enough without salt or stretching: the secret has 178 random bits. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The first characters, to tell tokens apart in a list. */
export function prefixOfToken(token: string): string {
  return token.slice(0, 8);
}

function checkOf(kind: TokenKind, secret: string): string {
  let rest = crc32(`${kind}_${secret}`);
  let text = '';
  for (let place = 0; place < CHECK_LENGTH; place++) {
    text = ALPHABET[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
