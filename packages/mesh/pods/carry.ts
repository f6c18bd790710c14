/**
 * Who carries pods. Pod ranges are carried as they are, for no two clusters of an organization have the same: other
 * clusters send what is for any pod of a cluster to its gateways, these send it by tunnel to the node whose range it is.
 * Inside a cluster its CNI carries pods, and Skein only what has come by tunnel or has no other way.
 */
import { contains, overlaps, parseCidr } from '../ipam/cidr.ts';
import type { ClusterPart, MeshCluster, MeshPeer, Snapshot } from '../network.ts';
import { gatewaysOf } from '../topology/gateways.ts';

/** The range of all of a cluster's pods, as a list: none where it has no pods. */
export function podCidrOf(cluster: MeshCluster): string[] {
  return cluster.podCidr ? [cluster.podCidr] : [];
}

// Parts are immutable, so what is derived from one is computed once.
const podMemo = new WeakMap<ClusterPart, ReadonlyMap<MeshPeer, readonly string[]>>();

/**
 * A node's pod ranges: those of what it says that lie within its cluster's and are nobody else's. Where two say the same,
 * it is the one's whose id comes first.
 */
export function podsOf(part: ClusterPart, peer: MeshPeer): readonly string[] {
  let known = podMemo.get(part);
  if (!known) {
    const taken: string[] = [];
    const found = new Map<MeshPeer, string[]>();
    for (const one of part.peers) {
      const own: string[] = [];
      for (const cidr of podCidrOf(part.cluster).length > 0 ? (one.podCidrs ?? []) : []) {
        if (!contains(part.cluster.podCidr ?? '', cidr) || taken.some((other) => overlaps(other, cidr)))
          continue;
        taken.push(cidr);
        own.push(cidr);
      }
      if (own.length > 0) found.set(one, own.sort(byAddress));
    }
    known = found;
    podMemo.set(part, known);
  }
  return known.get(peer) ?? [];
}

/**
 * What other clusters send to this gateway: what is for any pod of its cluster, and of several gateways to each what is
 * for its own pods. Inside a cluster gateways do not pass on for each other.
 */
export function podsThrough(part: ClusterPart, gateway: MeshPeer): string[] {
  const others = gatewaysOf(part).filter((one) => one !== gateway);
  const whole = podCidrOf(part.cluster);
  if (others.length === 0) return whole;
  // One node may have all of its cluster's range.
  const theirs = others.flatMap((one) => podsOf(part, one));
  return [...new Set([...whole, ...podsOf(part, gateway)])].filter((cidr) => !theirs.includes(cidr));
}

const allMemo = new WeakMap<Snapshot, readonly { id: string; cidr: string }[]>();

/** The pod ranges of all clusters but one, in order. */
export function podCidrsBeside(snapshot: Snapshot, part: ClusterPart): string[] {
  return allOf(snapshot).flatMap(({ id, cidr }) => (id === part.cluster.id ? [] : cidr));
}

/** The pod ranges of all clusters, in order. */
export function podCidrsOf(snapshot: Snapshot): string[] {
  return allOf(snapshot).map(({ cidr }) => cidr);
}

function allOf(snapshot: Snapshot) {
  let all = allMemo.get(snapshot);
  if (!all) {
    all = [...snapshot.parts.values()]
      .flatMap(({ cluster }) => podCidrOf(cluster).map((cidr) => ({ id: cluster.id, cidr })))
      .sort((a, b) => byAddress(a.cidr, b.cidr));
    allMemo.set(snapshot, all);
  }
  return all;
}

function byAddress(a: string, b: string): number {
  return parseCidr(a).first - parseCidr(b).first;
}
