import { CLUSTERSET_ZONE } from '@skein/contract/agent/service.ts';
import type { Service } from '@skein/contract/rest/service.ts';
import { chooseForAll } from '@skein/mesh/services/choose.ts';
import { byAge } from '@skein/mesh/services/export.ts';
import { mergeExports } from '@skein/mesh/services/merge.ts';
import { viewOf } from '@skein/mesh/services/view.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { type LoadedSource, loadServices } from './load.ts';

const MOST_ENDPOINTS_SHOWN = 100;

/** All services of a network, in order of namespace and name, with where each cluster is answered from. */
export async function listServices(context: Context, input: { networkId: string }): Promise<Service[]> {
  const { organizationId } = context.actor;
  const { networkId } = input;
  const { database } = context;
  const known = await database.network.count({ where: { id: networkId, organizationId, deletedAt: null } });
  if (known === 0) throw new Refusal('not-found', 'There is no such network.');
  const { clusters, sources } = await loadServices(database, networkId, null, context.now());
  const sick = await database.hostHealth.findMany({
    where: { organizationId, service: { networkId }, problem: { not: null } },
    select: { serviceId: true, problem: true, peer: { select: { overlayAddress: true } } },
  });
  const problemOf = (source: LoadedSource, address: string) =>
    sick.find((one) => one.serviceId === source.serviceId && one.peer.overlayAddress === address)?.problem ??
    null;
  const byName = [...clusters].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...sources]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, some]) => {
      const merged = mergeExports(some);
      if (!merged) return [];
      const { namespace, name, type, ports, conflict } = merged;
      return {
        namespace,
        name,
        host: `${name}.${namespace}.svc.${CLUSTERSET_ZONE}`,
        type,
        ports: [...ports],
        conflict,
        sources: [...some].sort(byAge).map((source) => ({
          clusterId: source.cluster.id,
          cluster: source.cluster.name,
          kind: source.kind,
          serviceId: source.serviceId,
          exportedAt: source.export.exportedAt,
          gone: source.gone,
          ready: source.endpoints.filter(({ ready }) => ready).length,
          total: source.endpoints.length,
          endpoints: source.endpoints.slice(0, MOST_ENDPOINTS_SHOWN).map(({ address, ready, hostname }) => ({
            address,
            ready,
            name: hostname ?? null,
            problem: problemOf(source, address),
          })),
        })),
        answers: byName.map((cluster) => ({
          clusterId: cluster.id,
          cluster: cluster.name,
          from: chooseForAll(viewOf(merged, cluster)),
        })),
      };
    });
}
