import { expect, test } from 'vitest';
import { hashOfToken, looksLikeToken, newToken, shownPrefix } from './format.ts';

const counting = () => {
  let next = 0;
  return (bytes: Uint8Array<ArrayBuffer>) => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = next++ % 256;
  };
};

test('a token carries a check sum that any changed character breaks', () => {
  const token = newToken(counting());
  expect(token).toMatch(/^skn_[0-9A-Za-z]{36}$/);
  expect(looksLikeToken(token)).toBe(true);
  for (let at = 4; at < token.length; at++) {
    const other = token[at] === 'x' ? 'y' : 'x';
    expect(looksLikeToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
  }
  expect(looksLikeToken(token.slice(0, -1))).toBe(false);
});

test('bytes that would favour some digits are thrown away', () => {
  let call = 0;
  const token = newToken((bytes) => bytes.fill(call++ === 0 ? 255 : 61));
  expect(token.slice(4, 34)).toBe('z'.repeat(30));
});

test('what is shown and stored does not hold the token', () => {
  const token = newToken(counting());
  expect(shownPrefix(token)).toHaveLength(10);
  expect(hashOfToken(token)).toMatch(/^[0-9a-f]{64}$/);
});
