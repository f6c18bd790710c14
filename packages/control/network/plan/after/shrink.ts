import { changeSnapshot, type MeshCluster, type SnapshotChange } from '@skein/mesh/network.ts';
import type { Shape } from '../shape.ts';

/** The network without one of its peers. */
export function withoutPeer(shape: Shape, peerId: string): Shape {
  const clusters = shape.clusters.map((cluster) => ({
    ...cluster,
    peers: cluster.peers.filter((peer) => peer.id !== peerId),
  }));
  const peers = new Map([[peerId, null]]);
  return {
    ...shape,
    clusters,
    snapshot: without(shape, { peers, clusters: withoutRangesOf(shape, peerId) }),
  };
}

/** What a peer carries alone goes with it. */
function withoutRangesOf({ snapshot }: Shape, peerId: string): Map<string, MeshCluster> {
  const changed = new Map<string, MeshCluster>();
  for (const [id, { cluster }] of snapshot.parts) {
    const ranges = cluster.ranges.filter((range) => range.peerId !== peerId);
    if (ranges.length < cluster.ranges.length) changed.set(id, { ...cluster, ranges });
  }
  return changed;
}

/** The network without one of its clusters. */
export function withoutCluster(shape: Shape, clusterId: string): Shape {
  const clusters = shape.clusters.filter((cluster) => cluster.id !== clusterId);
  return { ...shape, clusters, snapshot: without(shape, { clusters: new Map([[clusterId, null]]) }) };
}

function without(shape: Shape, gone: Omit<SnapshotChange, 'number'>): Shape['snapshot'] {
  return changeSnapshot(shape.snapshot, { number: shape.snapshot.number, ...gone }).after;
}
