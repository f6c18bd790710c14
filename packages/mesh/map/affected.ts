/** Whose maps a change may touch. A superset is allowed, for an empty delta is not sent; a missing peer is not. */
import { peeredNameOf } from '../name/view.ts';
import { arePeered, type ClusterPart, type Snapshot } from '../network.ts';
import { gatewaysOf } from '../topology/gateways.ts';
import { outsideLinks, peeredLinks } from '../topology/links.ts';
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
  const clusters = new Set(touched);
  let gateways = false;
  for (const id of touched) {
    gateways ||= outsideText(before.parts.get(id)) !== outsideText(after.parts.get(id));
    // All agents of a peered cluster know the names of this one's gateways.
    for (const other of peeredIds(before, after, id))
      if (nameTextIn(before, other, id) !== nameTextIn(after, other, id)) clusters.add(other);
  }
  return { everyone, clusters, gateways };
}

/** All that other clusters see of a cluster. One without gateways cannot be seen. */
function outsideText(part: ClusterPart | undefined): string {
  if (!part || gatewaysOf(part).length === 0) return '';
  const { name, peered } = part.cluster;
  const links =
    peered.length > 0 ? [...outsideLinks(part, 0), ...peeredLinks(part, 0)] : outsideLinks(part, 0);
  return JSON.stringify([name, peered, links.map(peerText)]);
}

function peeredIds(before: Snapshot, after: Snapshot, id: string): Set<string> {
  const lists = [before, after].map((snapshot) => snapshot.parts.get(id)?.cluster.peered ?? []);
  return new Set(lists.flat());
}

/** What agents of one cluster know of the name of another, which is nothing unless both are peered. */
function nameTextIn(snapshot: Snapshot, id: string, otherId: string): string {
  const [part, other] = [snapshot.parts.get(id), snapshot.parts.get(otherId)];
  if (!part || !other || !arePeered(part, other)) return '';
  return JSON.stringify(peeredNameOf(other, snapshot.network.zone) ?? null);
}
