import { changeSnapshot, type SnapshotChange } from '@skein/mesh/network.ts';
import type { Shape } from '../shape.ts';

/** The network without one of its peers. */
export function withoutPeer(shape: Shape, peerId: string): Shape {
  const clusters = shape.clusters.map((cluster) => ({
    ...cluster,
    peers: cluster.peers.filter((peer) => peer.id !== peerId),
  }));
  return { ...shape, clusters, snapshot: without(shape, { peers: new Map([[peerId, null]]) }) };
}

/** The network without one of its clusters. */
export function withoutCluster(shape: Shape, clusterId: string): Shape {
  const clusters = shape.clusters.filter((cluster) => cluster.id !== clusterId);
  return { ...shape, clusters, snapshot: without(shape, { clusters: new Map([[clusterId, null]]) }) };
}

function without(shape: Shape, gone: Omit<SnapshotChange, 'number'>): Shape['snapshot'] {
  return changeSnapshot(shape.snapshot, { number: shape.snapshot.number, ...gone }).after;
}
