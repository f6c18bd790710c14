import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSealer, SealFailure, type SecretPlace } from './sealer.ts';
import { hashOfToken, isToken, makeToken } from './token.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const place: SecretPlace = { organizationId: 'org_a', purpose: 'cloud-account', rowId: 'acc_1' };

describe('sealing', () => {
  it('opens what it sealed, and each sealing is another text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (plain, key) => {
          const sealer = createSealer(key, random);
          const sealed = sealer.seal(place, plain);
          expect(Buffer.from(sealer.open(place, sealed))).toEqual(Buffer.from(plain));
          expect(sealer.seal(place, plain)).not.toEqual(sealed);
          if (plain.length > 8) expect(Buffer.from(sealed).includes(Buffer.from(plain))).toBe(false);
        },
      ),
    );
  });

  it.each([
    ['another tenant', { ...place, organizationId: 'org_b' }],
    ['another row', { ...place, rowId: 'acc_2' }],
    ['another purpose', { ...place, purpose: 'network-map-key' as const }],
    ['parts moved between fields', { ...place, organizationId: 'org_aacc_1', rowId: '' }],
  ])('does not open for %s', (_, other) => {
    const sealer = createSealer(randomBytes(32), random);
    const sealed = sealer.seal(place, Buffer.from('secret'));
    expect(() => sealer.open(other, sealed)).toThrow(SealFailure);
  });

  it('does not open when any byte was changed, cut off, or another key is used', () => {
    const sealer = createSealer(randomBytes(32), random);
    const sealed = sealer.seal(place, Buffer.from('secret'));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(place, changed)).toThrow(SealFailure);
      expect(() => sealer.open(place, sealed.subarray(0, at))).toThrow(SealFailure);
    }
    expect(() => createSealer(randomBytes(32), random).open(place, sealed)).toThrow(SealFailure);
    expect(() => createSealer(randomBytes(31), random)).toThrow(RangeError);
  });

  it('names no secret when it fails', () => {
    const key = randomBytes(32);
    const sealer = createSealer(key, random);
    const sealed = sealer.seal(place, Buffer.from('hunter2hunter2'));
    sealed[20] = (sealed[20] ?? 0) ^ 1;
    try {
      sealer.open(place, sealed);
      expect.unreachable();
    } catch (error) {
      const text = `${(error as Error).stack} ${JSON.stringify(error)}`;
      for (const secret of ['hunter2', key.toString('base64'), key.toString('hex')])
        expect(text.includes(secret)).toBe(false);
    }
  });
});

describe('tokens', () => {
  it('has the form it is told by, and every mistyped one is noticed', () => {
    const token = makeToken('skj', random);
    expect(token).toMatch(/^skj_[0-9A-Za-z]{36}$/);
    expect(isToken('skj', token)).toBe(true);
    expect(isToken('skn', token)).toBe(false);
    for (let at = 4; at < token.length; at++) {
      const other = token[at] === 'a' ? 'b' : 'a';
      expect(isToken('skj', token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
    }
    expect(hashOfToken(token)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('draws every character alike', () => {
    const counts = new Map<string, number>();
    for (let made = 0; made < 400; made++)
      for (const character of makeToken('skj', random).slice(4, 34))
        counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 12,000 draws of 62: the mean is 194, and 6 standard deviations are 83.
    for (const count of counts.values()) expect(Math.abs(count - 194)).toBeLessThan(90);
  });
});
