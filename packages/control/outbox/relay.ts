/** From the outbox to the queue: what a transaction wanted told is told once it has committed, at least once. */
import { WakeJob } from '@skein/contract/job/wake.ts';
import type { Database } from '@skein/database/client.ts';

const AT_ONCE = 100;
const KEEP_SENT_HOURS = 24;

/**
 * Sends what has not been sent, oldest first, and answers how many. Two relays never send the same row at once. When
 * the queue refuses, the rows stay for the next call.
 */
export async function relayOutbox(
  database: Database,
  wake: (job: WakeJob) => Promise<void>,
  now: Date,
): Promise<number> {
  // Asked after each line of a step's log: mostly there is nothing, and no transaction is needed to see that.
  const any = await database.outboxMessage.findFirst({
    where: { sentAt: null, kind: 'wake' },
    select: { id: true },
  });
  if (!any) return 0;
  return database.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<{ id: bigint; payload: unknown }[]>`
      SELECT id, payload FROM outbox_message WHERE "sentAt" IS NULL AND kind = 'wake'
      ORDER BY id LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`;
    for (const row of rows) await wake(WakeJob.parse(row.payload));
    await tx.outboxMessage.updateMany({
      where: { id: { in: rows.map((row) => row.id) } },
      data: { sentAt: now },
    });
    return rows.length;
  });
}

/** Forgets messages sent long ago. */
export async function pruneOutbox(database: Database, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEEP_SENT_HOURS * 3600 * 1000);
  await database.outboxMessage.deleteMany({ where: { sentAt: { lt: before } } });
}
