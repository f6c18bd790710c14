/** Which agents are connected, as the coordinator sees it. Written in batches: a thousand agents may come at once. */
import type { Database } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';

/** Without a word for so long a peer counts as disconnected, even where no coordinator is left to say so. */
export const STALE_AFTER_SECONDS = 120;

/**
 * Writes that peers connected, are still there, or disconnected, all at `at`. Peers removed meanwhile are left alone.
 * @param batch each peer at most once in all three lists
 */
export async function recordPresence(
  database: Database,
  batch: { connected: readonly string[]; seen: readonly string[]; disconnected: readonly string[] },
  at: Date,
): Promise<void> {
  const { connected, seen, disconnected } = batch;
  // Rows are locked in the order of ids, as everybody does, so that nobody waits in a ring.
  if (connected.length > 0)
    await database.$executeRaw`
      WITH living AS (SELECT id FROM peer WHERE id = ANY(${connected}) AND "removedAt" IS NULL
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE peer SET "connectedAt" = ${at}, "disconnectedAt" = NULL, "lastSeenAt" = ${at}
      FROM living WHERE peer.id = living.id`;
  if (seen.length > 0)
    await database.$executeRaw`
      WITH living AS (SELECT id FROM peer WHERE id = ANY(${seen}) AND "removedAt" IS NULL
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE peer SET "connectedAt" = coalesce("connectedAt", ${at}), "disconnectedAt" = NULL, "lastSeenAt" = ${at}
      FROM living WHERE peer.id = living.id`;
  if (disconnected.length > 0)
    await database.$executeRaw`
      WITH living AS (SELECT id FROM peer WHERE id = ANY(${disconnected}) AND "removedAt" IS NULL
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE peer SET "disconnectedAt" = ${at}, "lastSeenAt" = ${at}
      FROM living WHERE peer.id = living.id`;
}

/** Marks peers that no coordinator has heard of for `STALE_AFTER_SECONDS`, as after a crash. Answers their networks. */
export async function markStale(database: Database, at: Date): Promise<string[]> {
  const before = new Date(at.getTime() - STALE_AFTER_SECONDS * 1000);
  const rows = await database.$queryRaw<{ networkId: string }[]>`
    WITH stale AS (SELECT id FROM peer
      WHERE "connectedAt" IS NOT NULL AND "disconnectedAt" IS NULL AND "removedAt" IS NULL
        AND "lastSeenAt" < ${before}
      ORDER BY id FOR NO KEY UPDATE)
    UPDATE peer SET "disconnectedAt" = ${at} FROM stale WHERE peer.id = stale.id
    RETURNING "networkId"`;
  return [...new Set(rows.map((row) => row.networkId))];
}

/** Tells whoever watches these networks that peers connected, disconnected or reported. */
export async function notifyPresence(database: Database, networkIds: Iterable<string>): Promise<void> {
  for (const networkId of networkIds) await notify(database, CHANNEL.presence, JSON.stringify({ networkId }));
}
