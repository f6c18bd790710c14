/** Loads what mesh plans from: a network whole, or only the rows that its newer revisions name. */
import { Endpoint } from '@skein/contract/agent/map.ts';
import { Labels, RangeReplies, Topology, WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import { RangeHost } from '@skein/contract/rest/range.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import { Prisma } from '@skein/database/generated/client.ts';
import {
  compareText,
  type MeshCluster,
  type MeshNetwork,
  type MeshPeer,
  type Snapshot,
  type SnapshotChange,
  snapshotOf,
} from '@skein/mesh/network.ts';
import { z } from 'zod';

/** More revisions than this behind, and loading everything is the cheaper way. */
export const MAX_REVISIONS_AT_ONCE = 500;

const NetworkRow = z.object({
  id: z.string(),
  epoch: z.number(),
  cidr: z.string(),
  zone: z.string(),
  topology: Topology,
  hubClusterId: z.string().nullable(),
  mtu: z.number(),
  policy: Policy,
});
const RangeRow = z.object({
  id: z.string(),
  name: z.string(),
  peerId: z.string().nullable(),
  cidr: z.string(),
  overlayCidr: z.string(),
  replies: RangeReplies,
  docker: z.string().nullable(),
  hosts: z.array(RangeHost),
});
const ClusterRow = z.object({
  id: z.string(),
  name: z.string(),
  overlayCidr: z.string(),
  vpcCidr: z.string().nullable(),
  podCidr: z.string().nullable(),
  peered: z.array(z.string()),
  place: z.object({ provider: z.string(), region: z.string() }).nullable(),
  labels: Labels,
  ranges: z.array(RangeRow),
  deletedAt: z.unknown().nullable(),
});
const AllocationRow = z.object({
  id: z.string(),
  peers: z.tuple([z.string(), z.string()]),
  clusters: z.tuple([z.string(), z.string()]),
  port: z.number(),
  kilobytesPerSecond: z.number(),
  tls: z.tuple([z.boolean(), z.boolean()]).transform((ends) => (ends.includes(true) ? { tls: ends } : {})),
  until: z.string().transform((time) => new Date(time).toISOString()),
});
const PeerRow = z.object({
  id: z.string(),
  clusterId: z.string(),
  name: z.string(),
  role: z.enum(['gateway', 'member']),
  seat: z.int().nullable(),
  wireguardKey: z.string().nullable(),
  nextWireguardKey: z.string().nullable(),
  retiredKey: z.string().nullable(),
  overlayAddress: z.string(),
  privateAddress: z.string().nullable(),
  publicAddress: z.string().nullable(),
  passingAddress: z.string().nullable(),
  endpoints: z.array(Endpoint),
  ipv6: z.boolean().nullable(),
  labels: Labels,
  services: z.array(z.string()),
  relay: z.array(AllocationRow).nullable(),
  relayTlsPort: z.number(),
  relayPin: z.string().nullable(),
  udpBlocked: z.boolean(),
  podCidrs: z.array(z.string()),
  enrolledAt: z.unknown().nullable(),
  removedAt: z.unknown().nullable(),
});
const Rows = z.object({
  number: z.number(),
  /** Revisions after the asked one that are not in `names`. */
  missing: z.number(),
  network: NetworkRow.extend({ deletedAt: z.unknown().nullable() }).nullable(),
  names: z.array(
    z.object({ peer: z.string().nullish(), cluster: z.string().nullish(), network: z.boolean().nullish() }),
  ),
  clusters: z.array(ClusterRow),
  peers: z.array(PeerRow),
});

/**
 * Clusters over whose peering with this one tunnels may go: this one's half stands and is used. Rows' keys are
 * `peering/<the other's id>`.
 */
const PEERED = Prisma.sql`(
  SELECT coalesce(json_agg(DISTINCT substr(r.key, 9)), '[]') FROM cloud_resource r
  WHERE r."networkId" = cluster."networkId" AND r."clusterId" = cluster.id AND r.kind = 'peering'
    AND r.status = 'present' AND r.state->'active' = 'true' AND r.spec->'used' = 'true') AS peered`;

/** What a peer that relays was given to relay; null for the others. */
const RELAY = Prisma.sql`(
  CASE WHEN peer.relays THEN (
    SELECT coalesce(json_agg(json_build_object('id', a.id, 'peers', json_build_array(a."firstId", a."secondId"),
      'clusters', json_build_array(a."firstClusterId", a."secondClusterId"), 'port', a.port,
      'kilobytesPerSecond', a."kilobytesPerSecond", 'tls', json_build_array(a."firstTls", a."secondTls"),
      'until', a.until) ORDER BY a.id), '[]')
    FROM relay_allocation a WHERE a."relayId" = peer.id) END) AS relay`;

/** Services of plain hosts that the peer is one of the hosts of; its own labels go before those of its cluster. */
const SERVICES = Prisma.sql`(
  SELECT coalesce(json_agg(s.namespace || '/' || s.name ORDER BY (s.namespace || '/' || s.name) COLLATE "C"), '[]')
  FROM host_service s WHERE s."networkId" = peer."networkId" AND (s."peerId" = peer.id OR (s."peerId" IS NULL
    AND ((SELECT c.labels FROM cluster c WHERE c.id = peer."clusterId") || peer.labels) @> s.labels))) AS services`;

const PLACE = Prisma.sql`(
  SELECT json_build_object('provider', account.provider, 'region', cluster.region) FROM cloud_account account
  WHERE account.id = cluster."cloudAccountId") AS place`;

const RANGES = Prisma.sql`(
  SELECT coalesce(json_agg(json_build_object('id', r.id, 'name', r.name, 'peerId', r."peerId", 'cidr', r.cidr,
    'overlayCidr', r."overlayCidr", 'replies', r.replies, 'docker', r."dockerNetwork", 'hosts', r.hosts) ORDER BY r.id COLLATE "C"), '[]')
  FROM cluster_range r WHERE r."clusterId" = cluster.id) AS ranges`;

/** The whole network as its newest revision shows it, or undefined where there is no such living network. */
export async function loadSnapshot(
  database: Database | Transaction,
  networkId: string,
): Promise<Snapshot | undefined> {
  // One statement, hence one state of the database: number and rows belong together.
  const [row] = await database.$queryRaw<{ rows: unknown }[]>`
    SELECT json_build_object(
      'number', n.revision,
      'missing', 0,
      'network', json_build_object('id', n.id, 'epoch', n.epoch, 'cidr', n.cidr, 'zone', n.zone, 'topology', n.topology,
        'hubClusterId', n."hubClusterId", 'mtu', n.mtu, 'policy', n.policy, 'deletedAt', n."deletedAt"),
      'names', '[]'::json,
      'clusters', (
        SELECT coalesce(json_agg(c), '[]') FROM (
          SELECT id, name, "overlayCidr", "vpcCidr", "podCidr", ${PEERED}, ${PLACE}, labels, ${RANGES},
            "deletedAt" FROM cluster
          WHERE "networkId" = n.id AND "deletedAt" IS NULL) c),
      'peers', (
        SELECT coalesce(json_agg(p), '[]') FROM (
          SELECT id, "clusterId", name, role, seat, "wireguardKey", "nextWireguardKey", "retiredKey", "overlayAddress",
            "privateAddress", "publicAddress", "passingAddress", endpoints, facts->'ipv6' AS ipv6, labels, ${SERVICES}, ${RELAY},
            "relayTlsPort", "relayPin", "udpBlocked", "podCidrs", "enrolledAt",
            "removedAt" FROM peer
          WHERE "networkId" = n.id AND "removedAt" IS NULL AND "enrolledAt" IS NOT NULL) p)
    ) AS rows FROM network n WHERE n.id = ${networkId} AND n."deletedAt" IS NULL`;
  if (!row) return undefined;
  const rows = Rows.parse(row.rows);
  if (!rows.network) return undefined;
  const peers = rows.peers.map(meshPeer).filter((peer) => peer !== null);
  return snapshotOf(rows.number, meshNetwork(rows.network), rows.clusters.map(meshCluster), peers);
}

export type Newer =
  | { kind: 'change'; change: SnapshotChange; removedPeers: string[] }
  | { kind: 'same' }
  /** Too far behind, or revisions are missing: load the whole. */
  | { kind: 'whole' }
  | { kind: 'gone' };

/**
 * What the revisions after `number` changed: only the rows that they name, and of a named cluster its peers.
 * `removedPeers` are named peers that are in the network no longer.
 */
export async function loadNewer(
  database: Database | Transaction,
  networkId: string,
  number: number,
): Promise<Newer> {
  const [row] = await database.$queryRaw<{ rows: unknown }[]>`
    WITH revision AS (
      SELECT r.number, r.changes FROM network_revision r
      WHERE r."networkId" = ${networkId} AND r.number > ${number} ORDER BY r.number LIMIT ${MAX_REVISIONS_AT_ONCE}
    ), named AS (
      SELECT DISTINCT change FROM revision, jsonb_array_elements(revision.changes) AS change
    )
    SELECT json_build_object(
      'number', n.revision,
      'missing', n.revision - ${number} - (SELECT count(*) FROM revision),
      'network', json_build_object('id', n.id, 'epoch', n.epoch, 'cidr', n.cidr, 'zone', n.zone, 'topology', n.topology,
        'hubClusterId', n."hubClusterId", 'mtu', n.mtu, 'policy', n.policy, 'deletedAt', n."deletedAt"),
      'names', (SELECT coalesce(json_agg(named.change), '[]') FROM named),
      'clusters', (
        SELECT coalesce(json_agg(c), '[]') FROM (
          SELECT id, name, "overlayCidr", "vpcCidr", "podCidr", ${PEERED}, ${PLACE}, labels, ${RANGES},
            "deletedAt" FROM cluster
          WHERE "networkId" = n.id AND id IN (SELECT change->>'cluster' FROM named)) c),
      'peers', (
        SELECT coalesce(json_agg(p), '[]') FROM (
          SELECT id, "clusterId", name, role, seat, "wireguardKey", "nextWireguardKey", "retiredKey", "overlayAddress",
            "privateAddress", "publicAddress", "passingAddress", endpoints, facts->'ipv6' AS ipv6, labels, ${SERVICES}, ${RELAY},
            "relayTlsPort", "relayPin", "udpBlocked", "podCidrs", "enrolledAt",
            "removedAt" FROM peer
          WHERE "networkId" = n.id AND (id IN (SELECT change->>'peer' FROM named)
            OR "clusterId" IN (SELECT change->>'cluster' FROM named))) p)
    ) AS rows FROM network n WHERE n.id = ${networkId}`;
  if (!row) return { kind: 'gone' };
  const rows = Rows.parse(row.rows);
  if (!rows.network || rows.network.deletedAt !== null) return { kind: 'gone' };
  if (rows.number === number) return { kind: 'same' };
  if (rows.missing !== 0 || rows.number < number) return { kind: 'whole' };

  const clusters = new Map<string, MeshCluster | null>();
  const peers = new Map<string, MeshPeer | null>();
  // A named row that the query did not find is gone.
  for (const name of rows.names) {
    if (name.cluster) clusters.set(name.cluster, null);
    if (name.peer) peers.set(name.peer, null);
  }
  for (const cluster of rows.clusters)
    clusters.set(cluster.id, cluster.deletedAt === null ? meshCluster(cluster) : null);
  for (const peer of rows.peers) peers.set(peer.id, meshPeer(peer));
  const change: SnapshotChange = {
    number: rows.number,
    clusters,
    peers,
    ...(rows.names.some((name) => name.network) ? { network: meshNetwork(rows.network) } : {}),
  };
  return {
    kind: 'change',
    change,
    removedPeers: [...peers].filter(([, peer]) => peer === null).map(([id]) => id),
  };
}

function meshNetwork(row: z.infer<typeof NetworkRow>): MeshNetwork {
  const { id, epoch, cidr, zone, topology, hubClusterId, mtu, policy } = row;
  return { id, epoch, cidr, zone, topology, hubClusterId, mtu, policy, wireguardPort: WIREGUARD_PORT };
}

function meshCluster(row: z.infer<typeof ClusterRow>): MeshCluster {
  const { id, name, overlayCidr, vpcCidr, podCidr, peered, labels, place, ranges } = row;
  return { id, name, overlayCidr, vpcCidr, podCidr, peered: peered.sort(compareText), labels, place, ranges };
}

/** Null for a peer that is not enrolled (yet), or removed. */
function meshPeer(row: z.infer<typeof PeerRow>): MeshPeer | null {
  const { id, clusterId, name, role, wireguardKey, overlayAddress, privateAddress, publicAddress } = row;
  if (wireguardKey === null || row.enrolledAt === null || row.removedAt !== null) return null;
  return {
    id,
    clusterId,
    name,
    role,
    wireguardKey,
    nextWireguardKey: row.nextWireguardKey,
    retiredKey: row.retiredKey,
    overlayAddress,
    privateAddress,
    publicAddress,
    endpoints: endpointsOf(row),
    ...(row.ipv6 === false ? { ipv4Only: true } : {}),
    labels: row.labels,
    ...(row.services.length > 0 ? { services: row.services } : {}),
    udpBlocked: row.udpBlocked,
    podCidrs: row.podCidrs,
    relay: row.relay && {
      allocations: row.relay.map(({ tls, ...allocation }) => ({ ...allocation, ...tls })),
      tls: row.relayPin === null ? null : { port: row.relayTlsPort, pin: row.relayPin },
    },
  };
}

/** What the agent reported, and what the cloud said of its node: an agent cannot see the public address of a NAT. */
function endpointsOf(row: z.infer<typeof PeerRow>): Endpoint[] {
  const endpoints = [...row.endpoints];
  const add = (kind: 'private' | 'public', address: string | null) => {
    if (address === null || endpoints.some((one) => one.kind === kind && one.address === address)) return;
    endpoints.push({ kind, address, port: WIREGUARD_PORT });
  };
  add('private', row.privateAddress);
  add('public', row.publicAddress ?? row.passingAddress);
  return endpoints;
}
