import type { Pair } from '../../operation/steps/peering.ts';
import { peeredPairs } from './peered-pairs.ts';
import { cloudClusters, type Shape } from './shape.ts';

type CloudCluster = ReturnType<typeof cloudClusters>[number];

/** The clusters whose VPCs a cluster's own is to be peered with. */
export function peeredClusters(shape: Shape, near: CloudCluster): CloudCluster[] {
  return cloudClusters(shape).filter(
    (far) => far.id !== near.id && peeredPairs([near, far], shape.peering).length > 0,
  );
}

/** Every pair to be peered, by name. */
export function pairsOf(shape: Shape): Pair[] {
  return peeredPairs(cloudClusters(shape), shape.peering).map(([a, b]): Pair => [a.name, b.name]);
}
