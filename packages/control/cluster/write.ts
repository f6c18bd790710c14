import { newId } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import type { Context } from '../context.ts';
import { kubernetesColumns } from '../kubernetes/of.ts';
import type { PlannedCluster, PlannedPeer } from '../network/plan/draft.ts';
import { freeSeat } from '../peer/seat.ts';

/** Writes a planned cluster and its expected peers; answers its id. One without a cloud is ready at once. */
export async function writeCluster(
  tx: Transaction,
  context: Context,
  networkId: string,
  cluster: PlannedCluster,
): Promise<string> {
  const { organizationId } = context.actor;
  const id = newId('cluster', context.random);
  const { name, cloudAccountId, region, instanceType, vpcCidr, overlayCidr, nodeIdentity } = cluster;
  await tx.cluster.create({
    data: {
      id,
      organizationId,
      networkId,
      name,
      cloudAccountId,
      region,
      instanceType,
      vpcCidr,
      overlayCidr,
      existingNetworkId: cluster.existingNetwork?.networkId ?? null,
      existingSubnetId: cluster.existingNetwork?.subnetId ?? null,
      nodeIdentity,
      ...kubernetesColumns(cluster.kubernetes),
      state: cloudAccountId === null ? 'ready' : 'provisioning',
      createdAt: context.now(),
    },
  });
  await writePeers(tx, context, { networkId, clusterId: id }, cluster.peers);
  return id;
}

/** Writes expected peers of a cluster whose nodes Skein makes. */
export async function writePeers(
  tx: Transaction,
  context: Context,
  home: { networkId: string; clusterId: string },
  peers: readonly PlannedPeer[],
): Promise<void> {
  const seats = await tx.peer.findMany({
    where: { clusterId: home.clusterId, removedAt: null, role: 'gateway' },
    select: { seat: true },
  });
  const taken = seats.map((one) => one.seat);
  const seatFor = (peer: PlannedPeer) => {
    const seat = peer.role === 'gateway' ? freeSeat(taken) : null;
    taken.push(seat);
    return seat;
  };
  await tx.peer.createMany({
    data: peers.map((peer) => ({
      ...home,
      ...peer,
      seat: seatFor(peer),
      id: newId('peer', context.random),
      organizationId: context.actor.organizationId,
      managed: true,
      createdAt: context.now(),
    })),
  });
}
