import { Endpoint } from '@skein/contract/agent/map.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import { z } from 'zod';

/** The underlay addresses from which each living cluster's gateways send, by cluster id. */
export async function gatewayAddresses(
  database: Database | Transaction,
  organizationId: string,
  networkId: string,
): Promise<Map<string, string[]>> {
  const gateways = await database.peer.findMany({
    where: {
      organizationId,
      networkId,
      removedAt: null,
      role: 'gateway',
      cluster: { deletedAt: null, state: { not: 'deleting' } },
    },
    select: { clusterId: true, managed: true, publicAddress: true, endpoints: true },
    orderBy: { id: 'asc' },
  });
  const byCluster = new Map<string, string[]>();
  for (const gateway of gateways) {
    const known = byCluster.get(gateway.clusterId) ?? [];
    byCluster.set(gateway.clusterId, [...known, ...sendingAddresses(gateway)]);
  }
  return byCluster;
}

/** The underlay addresses from which one gateway sends to other clusters. */
export function sendingAddresses(gateway: {
  managed: boolean;
  publicAddress: string | null;
  endpoints: unknown;
}): string[] {
  const reported = z.array(Endpoint).safeParse(gateway.endpoints).data ?? [];
  // Of a node that Skein made the cloud's word counts; of others we have only what was reported and observed.
  const addresses = gateway.managed
    ? [gateway.publicAddress]
    : reported.filter((one) => one.kind !== 'private').map((one) => one.address);
  return addresses.filter((address) => address !== null);
}

/** Addresses of the gateways of all clusters but one. */
export function othersThan(clusterId: string, addresses: ReadonlyMap<string, string[]>): string[] {
  return [...addresses].flatMap(([id, own]) => (id === clusterId ? [] : own));
}

/**
 * By cluster id: the private addresses of the gateways of those clusters with which it is peered, where both halves of
 * the peering are active.
 */
export async function peeredGatewayAddresses(
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
  const pairs = active.flatMap(({ clusterId, key }) => {
    const other = key.replace(/^peering\//, '');
    return clusterId && halves.has(`${other} peering/${clusterId}`) ? [{ clusterId, other }] : [];
  });
  if (pairs.length === 0) return new Map();
  const gateways = await database.peer.findMany({
    where: {
      organizationId,
      networkId,
      removedAt: null,
      role: 'gateway',
      privateAddress: { not: null },
      clusterId: { in: pairs.map((pair) => pair.other) },
    },
    select: { clusterId: true, privateAddress: true },
    orderBy: { id: 'asc' },
  });
  const byCluster = new Map<string, string[]>();
  for (const { clusterId, other } of pairs) {
    const theirs = gateways.filter((gateway) => gateway.clusterId === other);
    const known = byCluster.get(clusterId) ?? [];
    byCluster.set(clusterId, [...known, ...theirs.flatMap((one) => one.privateAddress ?? [])]);
  }
  return byCluster;
}

const Half = z.object({ active: z.literal(true) });
