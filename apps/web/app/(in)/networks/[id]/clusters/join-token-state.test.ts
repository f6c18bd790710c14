import { expect, it } from 'vitest';
import { joinTokenState } from './join-token-state.ts';

const token = { revokedAt: null, usesLeft: 1, expiresAt: '2026-11-20T20:00:00.000Z' };
const now = Date.parse('2026-11-20T19:00:00.000Z');

it('says whether a node can join by a token, or why not', () => {
  expect(joinTokenState(token, now)).toBe('usable');
  expect(joinTokenState(token, Date.parse(token.expiresAt))).toBe('expired');
  expect(joinTokenState({ ...token, usesLeft: 0 }, now)).toBe('used-up');
  expect(joinTokenState({ ...token, revokedAt: '2026-11-20T18:00:00.000Z' }, now)).toBe('revoked');
});
