/**
 * The network map's way from the database to the agents: every change of what maps show is a numbered revision,
 * written in the transaction of the change itself and told to the coordinators when it commits.
 */
import type { Transaction } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';

/** A row that maps show and that has changed, appeared or gone. */
export type RevisionChange = { peer: string } | { cluster: string } | { network: true };

/**
 * Raises the network's revision and says which rows it changed. Call it last in a transaction: it locks the
 * network's row until commit. Returns the new number. A network that is not the organization's throws.
 */
export async function publishRevision(
  tx: Transaction,
  organizationId: string,
  networkId: string,
  changes: RevisionChange[],
  reason: string,
): Promise<number> {
  const { revision } = await tx.network.update({
    where: { id: networkId, organizationId },
    data: { revision: { increment: 1 } },
    select: { revision: true },
  });
  await tx.networkRevision.create({ data: { organizationId, networkId, number: revision, changes, reason } });
  await notify(tx, CHANNEL.revision, JSON.stringify({ networkId, number: revision }));
  return revision;
}
