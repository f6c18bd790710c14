import type { Network } from '@skein/contract/rest/network.ts';
import type { Context } from '../context.ts';
import { olderThan, pageOfRows } from '../cursor.ts';
import { networkFields, networkView } from './view.ts';

/** Living networks, newest first. */
export async function listNetworks(
  context: Context,
  input: { cursor?: string | undefined; limit: number },
): Promise<{ items: Network[]; next: string | null }> {
  const rows = await context.database.network.findMany({
    where: { organizationId: context.actor.organizationId, deletedAt: null, ...olderThan(input.cursor) },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: input.limit + 1,
    select: networkFields,
  });
  const { page, next } = pageOfRows(rows, input.limit);
  return { items: page.map(networkView), next };
}
