/** What one cluster's agents are told of a service: the import itself, how far each source is, and its endpoints. */
import type { ImportedService, ServiceEndpoint } from '@skein/contract/agent/service.ts';
import { contains } from '../ipam/cidr.ts';
import { compareText } from '../network.ts';
import { translate } from '../range/translate.ts';
import type { ServiceCluster, SourceExport } from './export.ts';
import type { MergedService } from './merge.ts';

export interface ServiceView {
  readonly service: ImportedService;
  /** By the name of the source's cluster. */
  readonly endpoints: ReadonlyMap<string, readonly ServiceEndpoint[]>;
}

/** Which node an endpoint is on matters in its own cluster alone. */
export function viewOf(merged: MergedService, importer: ServiceCluster): ServiceView {
  const { sources, ...rest } = merged;
  const sorted = [...sources].sort((a, b) => compareText(a.cluster.name, b.cluster.name));
  return {
    service: {
      ...rest,
      ports: [...rest.ports],
      labels: { ...rest.labels },
      annotations: { ...rest.annotations },
      sources: sorted.map(({ cluster, gone, export: one }) => ({
        cluster: cluster.name,
        distance: distanceBetween(importer, cluster),
        gone,
        ports: [...one.ports],
      })),
    },
    endpoints: new Map(
      sorted.map(({ cluster, endpoints, ranges = [] }) => [
        cluster.name,
        cluster.id === importer.id ? endpoints : outside(endpoints, ranges),
      ]),
    ),
  };
}

/** Endpoints as other clusters know them: without their nodes, by translated addresses where there are any. */
function outside(
  endpoints: readonly ServiceEndpoint[],
  ranges: NonNullable<SourceExport['ranges']>,
): ServiceEndpoint[] {
  return endpoints
    .map(({ node: _, ...endpoint }) => {
      const range = ranges.find(({ cidr }) => contains(cidr, endpoint.address));
      return range
        ? { ...endpoint, address: translate(endpoint.address, range.cidr, range.overlayCidr) }
        : endpoint;
    })
    .sort((a, b) => compareText(a.address, b.address));
}

/** 0 in one cluster, 1 in one region of one provider, 2 elsewhere. */
export function distanceBetween(a: ServiceCluster, b: ServiceCluster): 0 | 1 | 2 {
  if (a.id === b.id) return 0;
  const near =
    a.place && b.place && a.place.provider === b.place.provider && a.place.region === b.place.region;
  return near ? 1 : 2;
}
