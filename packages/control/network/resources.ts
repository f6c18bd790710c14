import type { CloudResource } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { loadNetwork } from './view.ts';

/** What clouds hold, or held, for the network: each with its state as recorded. */
export async function listResources(
  context: Context,
  input: { id: string },
): Promise<z.infer<typeof CloudResource>[]> {
  const { organizationId } = context.actor;
  await loadNetwork(context.database, organizationId, input.id);
  const rows = await context.database.cloudResource.findMany({
    where: { networkId: input.id, organizationId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind as z.infer<typeof CloudResource>['kind'],
    key: row.key,
    clusterId: row.clusterId,
    provider: row.provider,
    region: row.region,
    externalId: row.externalId,
    status: row.status,
    summary: row.summary,
    updatedAt: row.updatedAt.toISOString(),
  }));
}
