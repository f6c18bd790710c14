import type { AccountProvider, DriftPolicy, Peering, ProviderId } from '@skein/contract/primitive.ts';
import type { ResourceKind } from '@skein/contract/rest/network.ts';
import type { Database, Transaction } from '@skein/database/client.ts';
import type { Prisma } from '@skein/database/generated/client.ts';
import { Refusal } from '../../failure.ts';
import { kubernetesOf } from '../../kubernetes/of.ts';
import { loadSnapshot } from '../../map/snapshot.ts';
import { sendingAddresses } from '../../operation/step/callers.ts';
import { type Book, byName, type HeldRow, type Shape, type ShapeCluster } from './shape.ts';

const CLUSTERS = {
  where: { deletedAt: null },
  include: {
    cloudAccount: { select: { provider: true } },
    peers: { where: { removedAt: null } },
  },
} as const satisfies Prisma.Network$clustersArgs;
type ClusterRow = Prisma.ClusterGetPayload<typeof CLUSTERS>;

/**
 * What our books say of a living network. Hold `lockNetwork` while something is written that was planned with it.
 * Throws `Refusal` where the organization has no such network.
 */
export async function loadBook(
  database: Database | Transaction,
  organizationId: string,
  networkId: string,
): Promise<Book> {
  const network = await database.network.findFirst({
    where: { id: networkId, organizationId, deletedAt: null },
    include: {
      clusters: CLUSTERS,
      dnsCloudAccount: { select: { provider: true } },
      cloudResources: { where: { status: { not: 'gone' } } },
    },
  });
  const snapshot = network ? await loadSnapshot(database, networkId) : undefined;
  if (!network || !snapshot) throw new Refusal('not-found', 'There is no such network.');
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId },
    select: { id: true, name: true, provider: true, keyless: true },
  });
  const { name, zone, cidr, dnsCloudAccountId, dnsCloudAccount } = network;
  const shape: Shape = {
    name,
    zone,
    cidr,
    // Read already, with keys in one order.
    policy: snapshot.network.policy,
    peering: network.peering as Peering,
    driftPolicy: network.driftPolicy as DriftPolicy,
    dns:
      dnsCloudAccountId && dnsCloudAccount
        ? { cloudAccountId: dnsCloudAccountId, provider: dnsCloudAccount.provider }
        : null,
    clusters: byName(network.clusters.map(clusterOf)),
    snapshot,
  };
  return {
    shape,
    rows: network.cloudResources.map(heldRow),
    accounts: new Map(accounts.map(({ id, ...account }) => [id, account])),
  };
}

function clusterOf(row: ClusterRow): ShapeCluster {
  const { id, name, cloudAccountId, region, instanceType, vpcCidr, overlayCidr, nodeIdentity } = row;
  const { existingNetworkId: networkId, existingSubnetId: subnetId } = row;
  return {
    id,
    name,
    cloudAccountId,
    // A name server's account holds no cluster.
    provider: (row.cloudAccount?.provider as ProviderId | undefined) ?? null,
    region,
    instanceType,
    vpcCidr,
    overlayCidr,
    existingNetwork: networkId !== null && subnetId !== null ? { networkId, subnetId } : null,
    nodeIdentity,
    kubernetes: kubernetesOf(row),
    state: row.state as ShapeCluster['state'],
    peers: byName(
      row.peers.map((peer) => ({
        id: peer.id,
        name: peer.name,
        role: peer.role,
        seat: peer.seat,
        managed: peer.managed,
        overlayAddress: peer.overlayAddress,
        sendsFrom: sendingAddresses(peer),
        privateAddress: peer.privateAddress,
      })),
    ),
  };
}

function heldRow(row: Prisma.CloudResourceGetPayload<object>): HeldRow {
  const { clusterId, key, region, spec, summary } = row;
  return {
    clusterId,
    kind: row.kind as ResourceKind,
    key,
    provider: row.provider as AccountProvider,
    region,
    status: row.status as HeldRow['status'],
    spec,
    summary,
  };
}
