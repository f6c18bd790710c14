/** Join tokens let nodes into a cluster. Their form is in `secret/token.ts`; only a hash of one is stored. */
import type { JoinToken } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { joinTokenView } from './view.ts';

/** Older ones are of no use to anybody: tokens live at most a week. */
const MOST = 200;

/** The newest tokens of a cluster, newest first: those that any node may use, not those of single expected peers. */
export async function listJoinTokens(context: Context, input: { clusterId: string }): Promise<JoinToken[]> {
  const { organizationId } = context.actor;
  const cluster = await context.database.cluster.findFirst({
    where: { id: input.clusterId, organizationId },
  });
  if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
  const rows = await context.database.joinToken.findMany({
    where: { organizationId, clusterId: input.clusterId, peerId: null },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: MOST,
  });
  return rows.map(joinTokenView);
}
