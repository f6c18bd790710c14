import { type HealthCheck, MOST_CHECKS } from '@skein/contract/agent/service.ts';
import { Labels } from '@skein/contract/primitive.ts';
import type { Database } from '@skein/database/client.ts';
import { serves } from '@skein/mesh/services/hosts.ts';
import { checkOf, declaredOf } from './view.ts';

/** What each of these peers of a network is to look at, in order of ids. Peers with nothing to do are there too. */
export async function checksFor(
  database: Database,
  networkId: string,
  peerIds: readonly string[],
): Promise<Map<string, HealthCheck[]>> {
  const services = await database.hostService.findMany({ where: { networkId }, orderBy: { id: 'asc' } });
  const checked = services.filter(({ check }) => check !== null);
  if (checked.length === 0) return new Map(peerIds.map((id) => [id, []]));
  const peers = await database.peer.findMany({
    where: { networkId, id: { in: [...peerIds] }, removedAt: null },
    include: { cluster: true },
  });
  const found = new Map<string, HealthCheck[]>(peerIds.map((id) => [id, []]));
  for (const peer of peers) {
    const host = {
      id: peer.id,
      labels: Labels.parse(peer.labels),
      clusterLabels: Labels.parse(peer.cluster.labels),
    };
    const checks = checked
      .filter((row) => serves(declaredOf(row), host))
      .flatMap((row) => checkOf(row) ?? [])
      .slice(0, MOST_CHECKS);
    found.set(peer.id, checks);
  }
  return found;
}
