/** Whose maps a change may touch. A superset is allowed, for an empty delta is not sent; a missing peer is not. */
import type { ClusterPart, Snapshot } from '../network.ts';
import { gatewaysOf, outsideLinks } from '../topology/hybrid.ts';
import { peerText } from './digest.ts';

/** Peers by what they are in. `cluster` stands for all its peers; a caller that knows who is there needs no more. */
export interface Affected {
  /** Every peer of the network. */
  readonly everyone: boolean;
  /** Clusters all of whose peers are affected. */
  readonly clusters: ReadonlySet<string>;
  /** The gateways of every cluster. */
  readonly gateways: boolean;
}

/**
 * @param touched clusters whose part differs between the two snapshots, as `changeSnapshot` says
 */
export function affectedBy(before: Snapshot, after: Snapshot, touched: ReadonlySet<string>): Affected {
  const everyone = JSON.stringify(before.network) !== JSON.stringify(after.network);
  let gateways = false;
  for (const id of touched)
    gateways ||= outsideText(before.parts.get(id)) !== outsideText(after.parts.get(id));
  return { everyone, clusters: touched, gateways };
}

/** All that other clusters see of a cluster. One without gateways cannot be seen. */
function outsideText(part: ClusterPart | undefined): string {
  if (!part || gatewaysOf(part).length === 0) return '';
  return JSON.stringify([part.cluster.name, outsideLinks(part).map(peerText)]);
}
