/** Networks as the REST API tells them. */
import type { DriftPolicy, Labels, Peering, ProviderId, Topology } from '@skein/contract/primitive.ts';
import type { Cluster, Network } from '@skein/contract/rest/network.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Prisma } from '@skein/database/generated/client.ts';
import { simplePortsOf } from '@skein/mesh/policy/simple.ts';
import { Refusal } from '../failure.ts';
import { kubernetesOf } from '../kubernetes/of.ts';

const living = { where: { removedAt: null } };
const connectedFields = { connectedAt: true, disconnectedAt: true } as const;

/** The map keys are left in the database. */
export const networkFields = {
  id: true,
  name: true,
  topology: true,
  hubClusterId: true,
  zone: true,
  cidr: true,
  policy: true,
  peering: true,
  driftPolicy: true,
  driftCheckedAt: true,
  state: true,
  revision: true,
  createdAt: true,
  _count: {
    select: {
      clusters: { where: { deletedAt: null } },
      driftFindings: { where: { state: { in: ['open', 'healing'] } } },
    },
  },
  peers: { ...living, select: connectedFields },
} as const satisfies Prisma.NetworkSelect;
export type NetworkRow = Prisma.NetworkGetPayload<{ select: typeof networkFields }>;

export function networkView(row: NetworkRow): Network {
  const { _count, peers, policy, ...rest } = row;
  return {
    ...rest,
    topology: row.topology as Topology,
    allowedPorts: simplePortsOf(Policy.parse(policy)),
    peering: row.peering as Peering,
    driftPolicy: row.driftPolicy as DriftPolicy,
    driftCheckedAt: row.driftCheckedAt?.toISOString() ?? null,
    drift: _count.driftFindings,
    clusters: _count.clusters,
    peers: countsOf(peers),
    createdAt: row.createdAt.toISOString(),
  };
}

export const clusterFields = {
  id: true,
  networkId: true,
  name: true,
  cloudAccountId: true,
  cloudAccount: { select: { provider: true } },
  region: true,
  existingNetworkId: true,
  existingSubnetId: true,
  nodeIdentity: true,
  labels: true,
  vpcCidr: true,
  overlayCidr: true,
  kubernetes: true,
  podCidr: true,
  serviceCidr: true,
  state: true,
  createdAt: true,
  peers: { ...living, select: connectedFields },
} as const satisfies Prisma.ClusterSelect;
export type ClusterRow = Prisma.ClusterGetPayload<{ select: typeof clusterFields }>;

export function clusterView(row: ClusterRow): Cluster {
  const { cloudAccount, peers, existingNetworkId, existingSubnetId, podCidr, serviceCidr, ...rest } = row;
  return {
    ...rest,
    // A name server's account holds no cluster.
    labels: row.labels as Labels,
    provider: (cloudAccount?.provider as ProviderId | undefined) ?? null,
    existingNetwork:
      existingNetworkId !== null && existingSubnetId !== null
        ? { networkId: existingNetworkId, subnetId: existingSubnetId }
        : null,
    kubernetes: kubernetesOf({ kubernetes: row.kubernetes, podCidr, serviceCidr }),
    peers: countsOf(peers),
    createdAt: row.createdAt.toISOString(),
  };
}

/** Throws `Refusal` where the organization has no such network. A deleted one can still be looked at by its id. */
export async function loadNetwork(
  database: Database | Transaction,
  organizationId: string,
  id: string,
): Promise<Network> {
  const row = await database.network.findFirst({ where: { id, organizationId }, select: networkFields });
  if (!row) throw new Refusal('not-found', 'There is no such network.');
  return networkView(row);
}

/** A peer is connected while its channel is: the last coming is later than the last going. */
export function isConnected(peer: { connectedAt: Date | null; disconnectedAt: Date | null }): boolean {
  return peer.connectedAt !== null && peer.disconnectedAt === null;
}

function countsOf(peers: readonly { connectedAt: Date | null; disconnectedAt: Date | null }[]) {
  return { expected: peers.length, connected: peers.filter(isConnected).length };
}
