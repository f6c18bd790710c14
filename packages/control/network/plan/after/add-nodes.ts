import { Refusal } from '../../../failure.ts';
import { addNodesSteps } from '../../../operation/steps/provision.ts';
import { draftPeers, type PlannedPeer } from '../draft.ts';
import { mostNodes } from '../kubernetes.ts';
import type { Book } from '../shape.ts';
import { Unknowns } from '../unknowns.ts';
import type { Change } from './change.ts';
import { withPeers } from './grow.ts';

/** More nodes in a cluster that Skein provisions. Throws `Refusal` where it cannot have them. */
export function addedNodes(
  { shape, rows }: Book,
  clusterId: string,
  count: number,
): Change & { drafted: PlannedPeer[] } {
  const cluster = shape.clusters.find((one) => one.id === clusterId);
  if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
  const { name, overlayCidr } = cluster;
  if (cluster.cloudAccountId === null)
    throw new Refusal('conflict', `${name} has no cloud account: run the join command on the node instead.`);
  if (cluster.state !== 'ready')
    throw new Refusal('conflict', `${name} is not ready: it is ${cluster.state}.`);
  if (!cluster.peers.some((peer) => peer.role === 'gateway'))
    throw new Refusal('conflict', `${name} has no gateway: remove the cluster and add it again with nodes.`);
  // The instance of a peer that left may still stand: under its name no new one would be made.
  const taken = rows
    .filter((row) => row.clusterId === clusterId && row.kind === 'instance')
    .map(({ key }) => key.slice('instance/'.length));
  // So may a host of a range bear one, and a name means one thing.
  for (const range of shape.snapshot.parts.get(clusterId)?.cluster.ranges ?? [])
    if (!range.docker) taken.push(...range.hosts.map((host) => host.name));
  const most = mostNodes(cluster.kubernetes?.podCidr ?? null);
  if (cluster.peers.length + count > most)
    throw new Refusal('conflict', `The range of ${name}’s pods has room for ${most} nodes.`);
  const drafted = draftPeers(count, overlayCidr, cluster.peers, taken);
  if (drafted.length < count)
    throw new Refusal('conflict', `The range ${overlayCidr} of ${name} has no room for ${count} more nodes.`);
  const names = drafted.map((peer) => peer.name);
  const unknowns = new Unknowns();
  return {
    kind: 'add-nodes',
    title: `Add ${names.join(', ')} to ${name}`,
    after: withPeers(shape, clusterId, drafted, unknowns),
    steps: addNodesSteps(name, names, shape.clusters, shape.snapshot.network.topology),
    unknowns,
    drafted,
  };
}
