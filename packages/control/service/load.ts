/** Loads what services are planned from: exports of Kubernetes clusters as reported, and those of plain hosts. */
import { ServiceEndpoint, ServiceExport } from '@skein/contract/agent/service.ts';
import { Labels } from '@skein/contract/primitive.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import { Prisma } from '@skein/database/generated/client.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { keyOf, type ServiceCluster, type SourceExport } from '@skein/mesh/services/export.ts';
import { type Host, sourcesOfHosts } from '@skein/mesh/services/hosts.ts';
import { z } from 'zod';
import { declaredOf, type HostServiceRow } from './view.ts';

/** Whoever has been disconnected for so long counts as gone: long enough for an agent or a coordinator to start again. */
export const SILENT_SECONDS = 20;

export interface LoadedSource extends SourceExport {
  readonly kind: 'kubernetes' | 'hosts';
  /** The plain hosts' service that it comes from. */
  readonly serviceId: string | null;
}

export interface LoadedServices {
  readonly clusters: readonly ServiceCluster[];
  /** By `NAMESPACE/NAME`. A key that was asked for and is not there has no exports. */
  readonly sources: ReadonlyMap<string, readonly LoadedSource[]>;
  /** Ids of peers that serve a service of plain hosts, whichever was asked for. */
  readonly servers: ReadonlySet<string>;
}

const ClusterRow = z.object({
  id: z.string(),
  name: z.string(),
  labels: Labels,
  kubernetes: z.boolean(),
  place: z.object({ provider: z.string(), region: z.string() }).nullable(),
  ranges: z.array(z.object({ cidr: z.string(), overlayCidr: z.string() })),
});
const PeerRow = z.object({
  id: z.string(),
  clusterId: z.string(),
  name: z.string(),
  labels: Labels,
  overlayAddress: z.string(),
  ipv6: z.boolean().nullable(),
  silent: z.boolean(),
});
const ExportRow = z.object({
  clusterId: z.string(),
  key: z.string(),
  spec: ServiceExport,
  endpoints: z.array(ServiceEndpoint),
  gone: z.boolean(),
});
const Rows = z.object({
  clusters: z.array(ClusterRow),
  peers: z.array(PeerRow),
  exports: z.array(ExportRow),
  services: z.array(z.custom<HostServiceRow>()),
  healthy: z.array(z.object({ serviceId: z.string(), peerId: z.string() })),
});

/**
 * The exports of a network's living clusters: of these services, or of all where `keys` is null. One statement, hence one
 * state of the database.
 */
export async function loadServices(
  database: Database | Transaction,
  networkId: string,
  keys: readonly string[] | null,
  now: Date,
): Promise<LoadedServices> {
  const silentSince = new Date(now.getTime() - SILENT_SECONDS * 1000);
  const silent = Prisma.sql`(p."disconnectedAt" IS NOT NULL AND p."disconnectedAt" < ${silentSince}) OR p."connectedAt" IS NULL`;
  const asked = keys === null ? Prisma.sql`true` : Prisma.sql`e.key = ANY(${[...keys]})`;
  const [row] = await database.$queryRaw<{ rows: unknown }[]>`
    WITH services AS (SELECT * FROM host_service WHERE "networkId" = ${networkId})
    SELECT json_build_object(
      'clusters', (SELECT coalesce(json_agg(c), '[]') FROM (
        SELECT c.id, c.name, c.labels, c.kubernetes IS NOT NULL AS kubernetes, (SELECT json_build_object('provider', a.provider, 'region', c.region)
          FROM cloud_account a WHERE a.id = c."cloudAccountId") AS place,
          (SELECT coalesce(json_agg(json_build_object('cidr', r.cidr, 'overlayCidr', r."overlayCidr") ORDER BY r.id), '[]')
            FROM cluster_range r WHERE r."clusterId" = c.id) AS ranges
        FROM cluster c WHERE c."networkId" = ${networkId} AND c."deletedAt" IS NULL) c),
      'peers', (SELECT coalesce(json_agg(p), '[]') FROM (
        SELECT p.id, p."clusterId", p.name, p.labels, p."overlayAddress", (p.facts->'ipv6')::boolean AS ipv6,
          (${silent}) AS silent
        FROM peer p WHERE p."networkId" = ${networkId} AND p."removedAt" IS NULL AND p."enrolledAt" IS NOT NULL
          AND EXISTS (SELECT FROM services)) p),
      'exports', (SELECT coalesce(json_agg(e), '[]') FROM (
        SELECT e."clusterId", e.key, e.spec, e.endpoints, coalesce((
          SELECT p."removedAt" IS NOT NULL OR ${silent} FROM export_reporter r JOIN peer p ON p.id = r."peerId"
          WHERE r."clusterId" = e."clusterId"), true) AS gone
        FROM cluster_export e WHERE e."networkId" = ${networkId} AND ${asked}) e),
      'services', (SELECT coalesce(json_agg(s), '[]') FROM services s),
      'healthy', (SELECT coalesce(json_agg(json_build_object('serviceId', h."serviceId", 'peerId', h."peerId")), '[]')
        FROM host_health h JOIN services s ON s.id = h."serviceId" WHERE h.ready)
    ) AS rows`;
  const rows = Rows.parse(row?.rows);
  const clusters = new Map(
    rows.clusters.map(({ id, name, place, kubernetes }): [string, ServiceCluster] => [
      id,
      { id, name, place, kubernetes },
    ]),
  );
  const sources = new Map<string, LoadedSource[]>();
  const add = (key: string, source: LoadedSource) => {
    const some = sources.get(key) ?? [];
    // Nodes of a cluster that exports the service itself serve it as pods do: the cluster's own word goes before.
    if (!some.some(({ cluster }) => cluster.id === source.cluster.id)) sources.set(key, [...some, source]);
  };
  for (const { clusterId, key, spec, endpoints, gone } of rows.exports) {
    const cluster = clusters.get(clusterId);
    const ranges = rows.clusters.find(({ id }) => id === clusterId)?.ranges ?? [];
    if (cluster)
      add(key, { cluster, export: spec, endpoints, gone, ranges, kind: 'kubernetes', serviceId: null });
  }
  const hosts = hostsOf(rows, clusters, networkId);
  const servers = new Set<string>();
  for (const service of rows.services) {
    const declared = declaredOf(service);
    const healthy = new Set(
      rows.healthy.filter(({ serviceId }) => serviceId === service.id).map(({ peerId }) => peerId),
    );
    const key = keyOf(service);
    const found = sourcesOfHosts(declared, hosts, healthy);
    for (const { endpoints } of found)
      for (const { address } of endpoints) {
        const host = hosts.find(({ overlayAddress }) => overlayAddress === address);
        if (host) servers.add(host.id);
      }
    if (keys === null || keys.includes(key))
      for (const source of found) add(key, { ...source, kind: 'hosts', serviceId: service.id });
  }
  return { clusters: [...clusters.values()], sources, servers };
}

function hostsOf(
  rows: z.infer<typeof Rows>,
  clusters: ReadonlyMap<string, ServiceCluster>,
  networkId: string,
): Host[] {
  const labels = new Map(rows.clusters.map((cluster) => [cluster.id, cluster.labels]));
  const twins = twinsOf(networkId);
  return rows.peers.flatMap(({ clusterId, ipv6, ...peer }) => {
    const cluster = clusters.get(clusterId);
    if (!cluster) return [];
    const six = ipv6 === true ? twins.of(peer.overlayAddress) : null;
    return { ...peer, cluster, clusterLabels: labels.get(clusterId) ?? {}, six };
  });
}
