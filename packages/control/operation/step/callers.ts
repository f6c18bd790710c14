import { Endpoint } from '@skein/contract/agent/map.ts';
import { Topology, WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import { type ClusterCallers, callersOf, relayCallers } from '@skein/mesh/firewall/callers.ts';
import type { TopologySetting } from '@skein/mesh/topology/plan.ts';
import { z } from 'zod';

/** Whom each living cluster's groups are to let in now, by cluster id. */
export async function loadCallers(
  database: Database | Transaction,
  organizationId: string,
  networkId: string,
): Promise<Map<string, ClusterCallers>> {
  const network = await database.network.findFirst({
    where: { id: networkId, organizationId },
    select: {
      cidr: true,
      topology: true,
      hubClusterId: true,
      nextTopology: true,
      nextHubClusterId: true,
      relayAllocations: {
        select: { relayId: true, firstId: true, secondId: true, firstTls: true, secondTls: true },
        orderBy: { id: 'asc' },
      },
      clusters: {
        // One that is being removed counts for as long as its peers are in the maps.
        where: {
          deletedAt: null,
          OR: [{ state: { not: 'deleting' } }, { peers: { some: { removedAt: null } } }],
        },
        select: {
          id: true,
          state: true,
          overlayCidr: true,
          peers: {
            where: { removedAt: null },
            select: {
              id: true,
              role: true,
              seat: true,
              enrolledAt: true,
              managed: true,
              publicAddress: true,
              passingAddress: true,
              privateAddress: true,
              endpoints: true,
              relayTlsPort: true,
            },
            orderBy: { id: 'asc' },
          },
        },
      },
    },
  });
  if (!network) return new Map();
  const peered = await peeredClusters(database, organizationId, networkId);
  const clusters = network.clusters.map(({ id, overlayCidr, state, peers }) => ({
    id,
    overlayCidr,
    leaving: state === 'deleting',
    peered: peered.get(id) ?? [],
    peers: peers.map((peer) => ({
      id: peer.id,
      role: peer.role,
      seat: peer.seat,
      enrolled: peer.enrolledAt !== null,
      sendsFrom: sendingAddresses(peer),
      privateAddress: peer.privateAddress,
    })),
  }));
  const { topology, hubClusterId, nextTopology, nextHubClusterId } = network;
  const settings: TopologySetting[] = [{ topology: Topology.parse(topology), hubClusterId }];
  if (nextTopology !== null)
    settings.push({ topology: Topology.parse(nextTopology), hubClusterId: nextHubClusterId });
  const tlsPorts = new Map(
    network.clusters.flatMap(({ peers }) => peers.map((peer) => [peer.id, peer.relayTlsPort])),
  );
  const allocations = network.relayAllocations.map(({ relayId, firstId, secondId, firstTls, secondTls }) => {
    const ends = [firstTls, secondTls];
    const port = tlsPorts.get(relayId);
    const overTls = ends.includes(true) && port !== undefined ? { ends, port } : undefined;
    return { relayId, peers: [firstId, secondId], overTls };
  });
  return callersOf(network.cidr, settings, clusters, relayCallers(allocations, clusters));
}

/** The public underlay addresses from which one peer sends, as far as they are known. */
export function sendingAddresses(peer: {
  role: 'gateway' | 'member';
  managed: boolean;
  publicAddress: string | null;
  passingAddress: string | null;
  endpoints: unknown;
}): string[] {
  const outside = (z.array(Endpoint).safeParse(peer.endpoints).data ?? []).filter(
    (one) => one.kind === 'public' || one.kind === 'observed',
  );
  const reported = [...new Set(outside.map((one) => one.address))];
  // Of a node that Skein made the cloud's word counts; of others we have only what was reported and observed.
  if (!peer.managed) return reported;
  if (peer.publicAddress !== null) return [peer.publicAddress];
  if (peer.role === 'gateway') return [];
  // A member's address may have passed on since its node was made: then what was seen of it is newer.
  return reported.length > 0 || peer.passingAddress === null ? reported : [peer.passingAddress];
}

/** By cluster id: those with which it is peered, where both halves of the peering are active. */
async function peeredClusters(
  database: Database | Transaction,
  organizationId: string,
  networkId: string,
): Promise<Map<string, string[]>> {
  const rows = await database.cloudResource.findMany({
    where: { organizationId, networkId, kind: 'peering', status: 'present' },
    select: { clusterId: true, key: true, state: true },
  });
  const active = rows.filter(({ state }) => Half.safeParse(state).success);
  const halves = new Set(active.map((row) => `${row.clusterId} ${row.key}`));
  const byCluster = new Map<string, string[]>();
  for (const { clusterId, key } of active) {
    const other = key.replace(/^peering\//, '');
    if (clusterId && halves.has(`${other} peering/${clusterId}`))
      byCluster.set(clusterId, [...(byCluster.get(clusterId) ?? []), other]);
  }
  return byCluster;
}

const Half = z.object({ active: z.literal(true) });

/** The ports of these many interfaces, as rules and people say them. */
export function portsWords(planes: number): string {
  return planes === 1 ? `${WIREGUARD_PORT}` : `${WIREGUARD_PORT}–${WIREGUARD_PORT + planes - 1}`;
}
