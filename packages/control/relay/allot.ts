/** Gives relays to the pairs of peers that need them, and takes back what is needed no more. */
import type { Database } from '@skein/database/client.ts';
import { planRelays } from '@skein/mesh/relay/plan.ts';
import { publishRevision, type RevisionChange } from '../map/publish.ts';
import { loadSnapshot } from '../map/snapshot.ts';

/** Networks as they were last looked at: what did not change needs no look until something is to be renewed. */
export type Looked = Map<string, { revision: number; at: number }>;

const LOOK_ANYWAY_SECONDS = 600;

/** Looks at every network that has relays or allocations. */
export async function allotRelays(
  base: { database: Database; now: () => Date },
  looked: Looked,
): Promise<void> {
  const networks = await base.database.$queryRaw<{ id: string; organizationId: string; revision: number }[]>`
    SELECT n.id, n."organizationId", n.revision FROM network n WHERE n."deletedAt" IS NULL AND (
      EXISTS (SELECT 1 FROM peer p WHERE p."networkId" = n.id AND p.relays AND p."removedAt" IS NULL)
      OR EXISTS (SELECT 1 FROM relay_allocation a WHERE a."networkId" = n.id))`;
  for (const { id, organizationId, revision } of networks) {
    const now = base.now().getTime();
    const last = looked.get(id);
    if (last?.revision === revision && now - last.at < LOOK_ANYWAY_SECONDS * 1000) continue;
    await allotIn(base.database, { id, organizationId }, now);
    looked.set(id, { revision, at: now });
  }
}

async function allotIn(
  database: Database,
  network: { id: string; organizationId: string },
  now: number,
): Promise<void> {
  const { id: networkId, organizationId } = network;
  await database.$transaction(async (tx) => {
    // Two workers would give the same ports.
    await tx.$queryRaw`SELECT id FROM network WHERE id = ${networkId} FOR NO KEY UPDATE`;
    const snapshot = await loadSnapshot(tx, networkId);
    if (!snapshot) return;
    const { set, removed } = planRelays(snapshot, now);
    const relays = [...snapshot.parts.values()].flatMap((part) => part.peers.filter((peer) => peer.relay));
    await tx.relayAllocation.deleteMany({
      where: {
        networkId,
        OR: [
          { id: { in: removed.map(({ id }) => id) } },
          { relayId: { notIn: relays.map((relay) => relay.id) } },
        ],
      },
    });
    for (const { relayId, allocation } of set) {
      const { id, port, kilobytesPerSecond, until, tls: [firstTls, secondTls] = [false, false] } = allocation;
      const [firstId, secondId] = allocation.peers;
      const [firstClusterId, secondClusterId] = allocation.clusters;
      const row = {
        relayId,
        firstId,
        secondId,
        firstClusterId,
        secondClusterId,
        port,
        kilobytesPerSecond,
        firstTls,
        secondTls,
        until,
      };
      await tx.relayAllocation.upsert({
        where: { id },
        create: { id, organizationId, networkId, ...row },
        update: row,
      });
    }
    const touched = new Set([...set, ...removed].map(({ relayId }) => relayId));
    const changes: RevisionChange[] = [...touched].sort().map((peer) => ({ peer }));
    if (changes.length > 0) await publishRevision(tx, organizationId, networkId, changes, 'relays');
  });
}
