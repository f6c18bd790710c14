import type { ClusterCallers } from '@skein/mesh/firewall/callers.ts';
import { Refusal } from '../../../failure.ts';
import { peeringKey } from '../../../operation/step/peering.ts';
import { removeClusterSteps, removePeerSteps, teardownSteps } from '../../../operation/steps/remove.ts';
import {
  type Book,
  callersIn,
  cloudClusters,
  emptied,
  type Shape,
  type ShapeCluster,
  type ShapePeer,
} from '../shape.ts';
import { type Change, known } from './change.ts';
import { withoutCluster, withoutPeer } from './shrink.ts';

/** One peer less. Throws `Refusal` where others would be cut off with it. */
export function removedPeer(
  { shape }: Book,
  peerId: string,
): Change & { peer: ShapePeer; cluster: ShapeCluster } {
  const cluster = shape.clusters.find((one) => one.peers.some((peer) => peer.id === peerId));
  const peer = cluster?.peers.find((one) => one.id === peerId);
  if (!cluster || !peer) throw new Refusal('not-found', 'There is no such peer.');
  const others = cluster.peers.filter((one) => one.id !== peerId);
  if (peer.role === 'gateway' && others.length > 0 && !others.some((one) => one.role === 'gateway'))
    throw new Refusal(
      'conflict',
      `${peer.name} is the only gateway of ${cluster.name}: its other peers would be cut off. Remove them first, or the cluster.`,
    );
  const { kubernetes } = cluster;
  const drained = peer.managed && kubernetes?.distribution === 'k3s';
  if (drained && kubernetes.server === peer.name)
    throw new Refusal(
      'conflict',
      `${peer.name} runs the Kubernetes API of ${cluster.name}: without it there is no cluster. Remove the cluster.`,
    );
  const change = known({
    kind: 'remove-peer',
    title: `Remove ${peer.name} from ${cluster.name}`,
    after: withoutPeer(shape, peerId),
    steps: removePeerSteps(
      { ...peer, cluster: cluster.name, drained },
      shape.clusters,
      shape.snapshot.network.topology,
    ),
  });
  return { ...change, peer, cluster };
}

/** One cluster less. */
export function removedCluster({ shape, rows }: Book, clusterId: string): Change & { cluster: ShapeCluster } {
  const cluster = shape.clusters.find((one) => one.id === clusterId);
  if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
  const others = shape.clusters.filter((one) => one !== cluster);
  const holding = new Set(
    rows.filter((row) => row.key === peeringKey(clusterId)).map((row) => row.clusterId),
  );
  const peered = others.filter((one) => holding.has(one.id)).map((one) => one.name);
  const after = withoutCluster(shape, clusterId);
  const change = known({
    kind: 'remove-cluster',
    title: `Remove the cluster ${cluster.name}`,
    after,
    steps: removeClusterSteps(cluster, others, peered, relinked(shape, after)),
  });
  return { ...change, cluster };
}

/** Names of the clusters, of those that Skein keeps the groups of, that let in somebody whom they did not let in before. */
function relinked(before: Shape, after: Shape): string[] {
  const [then, now] = [callersIn(before), callersIn(after)];
  return cloudClusters(after)
    .filter(({ id }) => {
      const known = new Set(everybodyIn(then.get(id)));
      return everybodyIn(now.get(id)).some((address) => !known.has(address));
    })
    .map((cluster) => cluster.name);
}

function everybodyIn(callers: ClusterCallers | undefined): string[] {
  if (!callers) return [];
  return [callers.gateway, callers.member].flatMap(({ others, peered, relayed }) => [
    ...others,
    ...peered,
    ...relayed,
  ]);
}

/** Nothing is left. */
export function deleted({ shape, rows }: Book): Change {
  return known({
    kind: 'teardown',
    title: `Delete ${shape.name}`,
    after: emptied(shape),
    steps: teardownSteps(
      shape.clusters,
      rows.some((row) => row.key === 'zone/public'),
      rows.some((row) => row.kind === 'peering'),
    ),
  });
}
