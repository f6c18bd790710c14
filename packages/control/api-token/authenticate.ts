import { timingSafeEqual } from 'node:crypto';
import type { Actor, Context } from '../context.ts';
import { hashOfToken, isToken } from '../secret/token.ts';

/** `lastUsedAt` is for people: writing it on every call would make each read a write. */
const LAST_USED_GRAIN_MILLISECONDS = 60_000;

/** Who the bearer of a token is; undefined for a token that is unknown, expired or revoked. */
export async function authenticateToken(
  context: Pick<Context, 'database' | 'now'>,
  token: string,
): Promise<Extract<Actor, { kind: 'token' }> | undefined> {
  if (!isToken('skn', token)) return undefined;
  const hash = hashOfToken(token);
  const row = await context.database.apiToken.findUnique({ where: { tokenHash: hash } });
  if (row === null || !timingSafeEqual(Buffer.from(row.tokenHash), Buffer.from(hash))) return undefined;
  const now = context.now();
  if (row.revokedAt !== null || row.expiresAt <= now) return undefined;
  if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() > LAST_USED_GRAIN_MILLISECONDS)
    await context.database.apiToken.update({ where: { id: row.id }, data: { lastUsedAt: now } });
  return { kind: 'token', id: row.id, organizationId: row.organizationId };
}
