/** Services of plain hosts as exports: one for each cluster that has such hosts. */
import type { ExportPort, ServiceEndpoint } from '@skein/contract/agent/service.ts';
import type { Labels } from '@skein/contract/primitive.ts';
import { compareText } from '../network.ts';
import { labelOf } from '../policy/selector.ts';
import type { ServiceCluster, SourceExport } from './export.ts';

/** A service as it was declared: of one peer, or of all that have these labels. */
export interface DeclaredService {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly ExportPort[];
  readonly peerId: string | null;
  readonly labels: Labels | null;
  readonly checked: boolean;
  /** ISO time. */
  readonly createdAt: string;
}

/** A peer as a server of services. */
export interface Host {
  readonly id: string;
  readonly name: string;
  readonly cluster: ServiceCluster;
  readonly labels: Labels;
  readonly clusterLabels: Labels;
  readonly overlayAddress: string;
  readonly six: string | null;
  /** Its agent has not been heard of for a while. */
  readonly silent: boolean;
}

export function serves(
  service: Pick<DeclaredService, 'peerId' | 'labels'>,
  host: Pick<Host, 'id' | 'labels' | 'clusterLabels'>,
): boolean {
  if (service.peerId !== null) return service.peerId === host.id;
  return Object.entries(service.labels ?? {}).every(
    ([key, value]) => (labelOf(host.labels, key) ?? labelOf(host.clusterLabels, key)) === value,
  );
}

/**
 * @param healthy ids of hosts at which the service's check succeeds
 * A host of which nothing is heard counts as not ready, unless nothing is heard of any in its cluster: then the cluster is
 * gone, and what was last known of its hosts holds.
 */
export function sourcesOfHosts(
  service: DeclaredService,
  hosts: readonly Host[],
  healthy: ReadonlySet<string>,
): SourceExport[] {
  const serving = hosts.filter((host) => serves(service, host));
  return [...Map.groupBy(serving, ({ cluster }) => cluster.id).values()].flatMap((some) => {
    const [first] = some;
    if (!first) return [];
    const gone = some.every(({ silent }) => silent);
    const endpoints = some.map(
      (host): ServiceEndpoint => ({
        address: host.overlayAddress,
        ...(host.six === null ? {} : { six: host.six }),
        ready: (gone || !host.silent) && (!service.checked || healthy.has(host.id)),
        hostname: host.name,
      }),
    );
    return {
      cluster: first.cluster,
      gone,
      endpoints: endpoints.sort((a, b) => compareText(a.address, b.address)),
      export: {
        namespace: service.namespace,
        name: service.name,
        exportedAt: service.createdAt,
        type: 'ClusterSetIP',
        sessionAffinity: 'None',
        sessionAffinitySeconds: null,
        internalTrafficPolicy: 'Cluster',
        trafficDistribution: null,
        labels: {},
        annotations: {},
        ports: [...service.ports],
      },
    };
  });
}
