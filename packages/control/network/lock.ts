import type { Transaction } from '@skein/database/client.ts';

/**
 * Locks all of a network for a change of the whole: open operations, clusters, peers, the network itself. Everybody
 * who locks several of these goes in this order (enrolment: cluster, peer, network; a step's end: operation, step,
 * cluster, network), so that nobody waits in a ring.
 */
export async function lockNetwork(tx: Transaction, organizationId: string, networkId: string): Promise<void> {
  await tx.$queryRaw`
    SELECT id FROM operation WHERE "networkId" = ${networkId} AND "organizationId" = ${organizationId}
      AND state IN ('queued', 'running', 'cancelling') ORDER BY id FOR UPDATE`;
  await tx.$queryRaw`
    SELECT id FROM cluster WHERE "networkId" = ${networkId} AND "organizationId" = ${organizationId}
      AND "deletedAt" IS NULL ORDER BY id FOR UPDATE`;
  await tx.$queryRaw`
    SELECT id FROM peer WHERE "networkId" = ${networkId} AND "organizationId" = ${organizationId}
      AND "removedAt" IS NULL ORDER BY id FOR NO KEY UPDATE`;
  await tx.$queryRaw`
    SELECT id FROM network WHERE id = ${networkId} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
}
