import type { JoinToken } from '@skein/contract/rest/peer.ts';

/** A token's row as the REST API tells it: all but the token. */
export function joinTokenView(row: {
  id: string;
  clusterId: string;
  prefix: string;
  usesLeft: number;
  uses: number;
  expiresAt: Date;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
  createdAt: Date;
}): JoinToken {
  return {
    id: row.id,
    clusterId: row.clusterId,
    prefix: row.prefix,
    usesLeft: row.usesLeft,
    uses: row.uses,
    expiresAt: row.expiresAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
  };
}
