import type { ClusterRange } from '@skein/contract/rest/range.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { rangeView } from './view.ts';

/** Ranges behind a cluster, by name; there are at most some dozens. */
export async function listRanges(context: Context, input: { clusterId: string }): Promise<ClusterRange[]> {
  const { organizationId } = context.actor;
  const { clusterId } = input;
  const { database } = context;
  const known = await database.cluster.count({ where: { id: clusterId, organizationId } });
  if (known === 0) throw new Refusal('not-found', 'There is no such cluster.');
  const rows = await database.clusterRange.findMany({
    where: { clusterId, organizationId },
    orderBy: { name: 'asc' },
  });
  return rows.map(rangeView);
}
