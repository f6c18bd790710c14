import type { ApiToken } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';

/** The organization's living API tokens, newest first. Revoked ones are gone from the list, expired ones are not. */
export async function listApiTokens(context: Context): Promise<{ items: ApiToken[]; next: null }> {
  const rows = await context.database.apiToken.findMany({
    where: { organizationId: context.actor.organizationId, revokedAt: null },
    orderBy: { createdAt: 'desc' },
    take: 200,
  });
  return { items: rows.map(viewOfToken), next: null };
}

interface TokenRow {
  id: string;
  name: string;
  prefix: string;
  expiresAt: Date;
  lastUsedAt: Date | null;
  createdAt: Date;
}

export function viewOfToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}
