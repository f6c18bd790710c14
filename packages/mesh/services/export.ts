/** What services are planned from: one cluster's export with its endpoints, and the clusters' places. */
import type { ServiceEndpoint, ServiceExport } from '@skein/contract/agent/service.ts';
import { compareText } from '../network.ts';

/** A cluster as services see it. */
export interface ServiceCluster {
  readonly id: string;
  readonly name: string;
  /** Where its nodes are; null for hosts of no cloud, which are near nobody but their own. */
  readonly place: { readonly provider: string; readonly region: string } | null;
  /** It has an API server of its own whose services it exports. */
  readonly kubernetes: boolean;
}

/** One export of one cluster. Endpoints are in order of their addresses, each address once. */
export interface SourceExport {
  readonly cluster: ServiceCluster;
  readonly export: ServiceExport;
  readonly endpoints: readonly ServiceEndpoint[];
  /** Ranges of the cluster that others know by other addresses: host n of `cidr` is host n of `overlayCidr`. */
  readonly ranges?: readonly { readonly cidr: string; readonly overlayCidr: string }[];
  /** Nobody of the cluster has been heard of for a while. */
  readonly gone: boolean;
}

export function keyOf(service: { namespace: string; name: string }): string {
  return `${service.namespace}/${service.name}`;
}

/**
 * The order in which exports decide: the oldest first. Times have seconds only, so the clusters' names decide between
 * those of one second, the same everywhere.
 */
export function byAge(a: SourceExport, b: SourceExport): number {
  return (
    Date.parse(a.export.exportedAt) - Date.parse(b.export.exportedAt) ||
    compareText(a.cluster.name, b.cluster.name)
  );
}
