import type { Database } from '@skein/database/client.ts';

/** Beyond what the work itself may take. */
const SLACK_SECONDS = 60;

/**
 * Does the work unless somebody, in whatever process, is doing work of the same name; then answers null. The lock is
 * Postgres's own and ends with its connection, so that a process that dies holds nothing.
 */
export async function inTurn<T>(
  database: Database,
  name: string,
  limitSeconds: number,
  work: () => Promise<T>,
): Promise<T | null> {
  return database.$transaction(
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ held: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) AS held`;
      return lock?.held ? work() : null;
    },
    { timeout: (limitSeconds + SLACK_SECONDS) * 1000 },
  );
}
