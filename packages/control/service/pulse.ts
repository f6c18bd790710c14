import type { Database } from '@skein/database/client.ts';
import { SILENT_SECONDS } from './load.ts';

/**
 * A text that changes when services may have without anybody saying so: agents that fell silent or came back, and
 * revisions, by which hosts come, go and get labels. Null where the network has no service.
 */
export async function pulseOf(database: Database, networkId: string, now: Date): Promise<string | null> {
  const silentSince = new Date(now.getTime() - SILENT_SECONDS * 1000);
  const [row] = await database.$queryRaw<{ revision: number; some: boolean; silent: string }[]>`
    SELECT n.revision,
      EXISTS (SELECT FROM host_service WHERE "networkId" = n.id)
        OR EXISTS (SELECT FROM cluster_export WHERE "networkId" = n.id) AS some,
      (SELECT coalesce(string_agg(p.id, ' ' ORDER BY p.id), '') FROM peer p
        WHERE p."networkId" = n.id AND p."removedAt" IS NULL AND p."enrolledAt" IS NOT NULL
          AND (p."disconnectedAt" < ${silentSince} OR p."connectedAt" IS NULL)) AS silent
    FROM network n WHERE n.id = ${networkId}`;
  return row?.some ? `${row.revision} ${row.silent}` : null;
}
