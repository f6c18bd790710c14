/** Whose maps a change may touch. A superset is allowed, for an empty delta is not sent; a missing peer is not. */
import { peeredNameOf } from '../name/view.ts';
import { arePeered, type ClusterPart, type Snapshot } from '../network.ts';
import { podCidrOf, podCidrsOf } from '../pods/carry.ts';
import { clustersConcerned } from '../policy/compile.ts';
import { rangesCidrOf } from '../range/carriers.ts';
import { clustersRelayed } from '../relay/relayed.ts';
import { gatewaysOf } from '../topology/gateways.ts';
import { outsideLinks, peeredLinks, peerLinks } from '../topology/links.ts';
import { graphOf } from '../topology/plan.ts';
import { waysFrom } from '../topology/ways.ts';
import { peerText } from './digest.ts';

/** Peers by what they are in. `cluster` stands for all its peers; a caller that knows who is there needs no more. */
export interface Affected {
  /** Every peer of the network. */
  readonly everyone: boolean;
  /** Clusters all of whose peers are affected. */
  readonly clusters: ReadonlySet<string>;
  /** The gateways of every cluster. */
  readonly gateways: boolean;
  /** Clusters whose gateways are affected. */
  readonly gatewaysOf: ReadonlySet<string>;
}

/**
 * @param touched clusters whose part differs between the two snapshots, as `changeSnapshot` says
 */
export function affectedBy(before: Snapshot, after: Snapshot, touched: ReadonlySet<string>): Affected {
  const sameSettings = JSON.stringify(before.network) === JSON.stringify(after.network);
  const full = after.network.topology === 'full';
  const clusters = new Set(touched);
  const beside = new Set<string>();
  // The first range of a network and the last are everybody's matter: all route what ranges are given addresses from. So is
  // each cluster that has pods, but none of its nodes.
  const routed = (snapshot: Snapshot) => [rangesCidrOf(snapshot), ...podCidrsOf(snapshot)].join();
  let [everyone, gateways] = [!sameSettings || routed(before) !== routed(after), false];
  if (sameSettings && !full) gateways = graphOf(before) !== graphOf(after);
  if (sameSettings)
    for (const concerned of [
      clustersConcerned(before, after, touched),
      clustersRelayed(before, after, touched),
    ])
      for (const id of concerned) clusters.add(id);
  for (const id of touched) {
    const [old, now] = [before.parts.get(id), after.parts.get(id)];
    if (full) everyone ||= peersText(old) !== peersText(now);
    gateways ||= delegatedText(old) !== delegatedText(now);
    if (!full) gateways ||= reachedText(old) !== reachedText(now);
    if (!full && linkedText(old) !== linkedText(now))
      for (const snapshot of [before, after])
        for (const linked of waysFrom(graphOf(snapshot), id).keys()) beside.add(linked);
    // All agents of a peered cluster know the names of this one's gateways.
    for (const other of peeredIds(before, after, id))
      if (nameTextIn(before, other, id) !== nameTextIn(after, other, id)) clusters.add(other);
  }
  return { everyone, clusters, gateways, gatewaysOf: beside };
}

/** All that the gateways of every cluster know of one: where its names are asked. */
function delegatedText(part: ClusterPart | undefined): string {
  if (!part) return '';
  const servers = gatewaysOf(part).map((gateway) => gateway.overlayAddress);
  return servers.length > 0 ? JSON.stringify([part.cluster.name, servers]) : '';
}

/** What the gateways of clusters far away send towards one, beside its own range, with which it stands in the graph. */
function reachedText(part: ClusterPart | undefined): string {
  if (!part || gatewaysOf(part).length === 0) return '';
  return [...part.cluster.ranges.map((one) => one.overlayCidr), ...podCidrOf(part.cluster)].join();
}

/** All that the gateways of linked clusters see of one. A cluster without gateways cannot be seen. */
function linkedText(part: ClusterPart | undefined): string {
  if (!part || gatewaysOf(part).length === 0) return '';
  const { peered } = part.cluster;
  const links =
    peered.length > 0 ? [...outsideLinks(part, 0), ...peeredLinks(part, 0)] : outsideLinks(part, 0);
  return JSON.stringify([peered, links.map(peerText)]);
}

/** The same where every peer is linked to every other. */
function peersText(part: ClusterPart | undefined): string {
  if (!part) return '';
  return JSON.stringify([part.cluster.peered, peerLinks(part).map(peerText)]);
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
