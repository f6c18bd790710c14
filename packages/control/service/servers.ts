import { Labels } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import { serves } from '@skein/mesh/services/hosts.ts';
import type { RevisionChange } from '../map/publish.ts';
import { declaredOf, type HostServiceRow } from './view.ts';

/** More hosts of one cluster than this are told as their cluster. */
const MOST_ALONE = 20;

/** What of maps a service's hosts are, for rules that speak of it. */
export async function serversOf(tx: Transaction, row: HostServiceRow): Promise<RevisionChange[]> {
  const service = declaredOf(row);
  const peers = await tx.peer.findMany({
    where: { networkId: row.networkId, removedAt: null, enrolledAt: { not: null } },
    select: { id: true, clusterId: true, labels: true, cluster: { select: { labels: true } } },
  });
  const serving = peers.filter((peer) =>
    serves(service, {
      id: peer.id,
      labels: Labels.parse(peer.labels),
      clusterLabels: Labels.parse(peer.cluster.labels),
    }),
  );
  return [...Map.groupBy(serving, ({ clusterId }) => clusterId)].flatMap(
    ([cluster, some]): RevisionChange[] =>
      some.length > MOST_ALONE ? [{ cluster }] : some.map(({ id }) => ({ peer: id })),
  );
}
