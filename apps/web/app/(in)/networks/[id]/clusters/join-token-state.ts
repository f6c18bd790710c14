import type { JoinToken } from '@skein/contract/rest/peer.ts';

/** Why no node can join by a token any more, or that one can. @param now in milliseconds */
export function joinTokenState(
  token: Pick<JoinToken, 'revokedAt' | 'usesLeft' | 'expiresAt'>,
  now: number,
): 'usable' | 'revoked' | 'used-up' | 'expired' {
  if (token.revokedAt !== null) return 'revoked';
  if (token.usesLeft < 1) return 'used-up';
  return Date.parse(token.expiresAt) <= now ? 'expired' : 'usable';
}
