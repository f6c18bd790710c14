import type { Peer } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { newerThan, pageOfRows } from '../cursor.ts';
import { loadNetwork } from '../network/view.ts';
import { peerView } from './view.ts';

/** Peers of a network that have not been removed, oldest first. */
export async function listPeers(
  context: Context,
  input: { networkId: string; cursor?: string | undefined; limit: number },
): Promise<{ items: Peer[]; next: string | null }> {
  const { organizationId } = context.actor;
  await loadNetwork(context.database, organizationId, input.networkId);
  const rows = await context.database.peer.findMany({
    where: { networkId: input.networkId, organizationId, removedAt: null, ...newerThan(input.cursor) },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: input.limit + 1,
  });
  const { page, next } = pageOfRows(rows, input.limit);
  return { items: page.map(peerView), next };
}
