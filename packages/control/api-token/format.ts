/**
 * API tokens: `skn_`, 30 random base-62 characters (178 bits) and their CRC-32 in 6 more. The check sum lets us
 * refuse a mistyped token, and lets secret scanners know one, without asking the database.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'skn_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const SHAPE = /^skn_[0-9A-Za-z]{36}$/;

/** @param random fills the given bytes. */
export function newToken(random: (bytes: Uint8Array<ArrayBuffer>) => unknown): string {
  let body = '';
  while (body.length < RANDOM_LENGTH) {
    const bytes = new Uint8Array(RANDOM_LENGTH);
    random(bytes);
    // 248 is the largest multiple of 62 in a byte: what lies above would favour the first digits.
    for (const byte of bytes) if (byte < 248 && body.length < RANDOM_LENGTH) body += DIGITS[byte % 62];
  }
  return PREFIX + body + checksumOf(body);
}

/** Whether it could be a token at all. */
export function looksLikeToken(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  const body = text.slice(PREFIX.length, PREFIX.length + RANDOM_LENGTH);
  return text.slice(PREFIX.length + RANDOM_LENGTH) === checksumOf(body);
}

/** SHA-256 in hex. */
export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** What is shown of a token afterwards. */
export function shownPrefix(token: string): string {
  return token.slice(0, PREFIX.length + 6);
}

function checksumOf(body: string): string {
  let left = crc32(body);
  let text = '';
  for (let place = 0; place < 6; place++) {
    text = DIGITS[left % 62] + text;
    left = Math.floor(left / 62);
  }
  return text;
}
