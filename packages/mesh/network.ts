/**
 * What mesh plans from: one network's clusters and enrolled peers as an immutable snapshot.
 * A changed snapshot shares every part that did not change with the one before it, so keeping many is cheap and
 * "did this cluster change" is a comparison of references.
 */
import type { Endpoint } from '@skein/contract/agent/map.ts';
import type { Labels, PeerRole, RangeReplies, Topology } from '@skein/contract/primitive.ts';
import type { Policy } from '@skein/contract/rest/policy.ts';

export interface MeshNetwork {
  readonly id: string;
  readonly epoch: number;
  readonly cidr: string;
  readonly zone: string;
  readonly topology: Topology;
  /** The hub's cluster of topology `hub`; null lets the planner choose. */
  readonly hubClusterId: string | null;
  readonly wireguardPort: number;
  readonly mtu: number;
  readonly policy: Policy;
}

export interface MeshCluster {
  readonly id: string;
  readonly name: string;
  readonly overlayCidr: string;
  readonly vpcCidr: string | null;
  /** Ids of the clusters whose VPC this one routes to, sorted. Counts where both say so: see `arePeered`. */
  readonly peered: readonly string[];
  /** Where its nodes are; null for plain hosts. */
  readonly place: { readonly provider: string; readonly region: string } | null;
  readonly labels: Labels;
  /** What is behind it and runs no agent, sorted by id. */
  readonly ranges: readonly MeshRange[];
  /** What its nodes' pod ranges are cut from; null or left out where it has no pods. No other cluster's overlaps it. */
  readonly podCidr?: string | null;
}

/** A range behind a cluster: host n of `cidr` is host n of `overlayCidr` to the network. */
export interface MeshRange {
  readonly id: string;
  readonly name: string;
  /** The one peer that carries it; null where the cluster's gateways do. */
  readonly peerId: string | null;
  readonly cidr: string;
  readonly overlayCidr: string;
  readonly replies: RangeReplies;
  /** The Docker network of the carrier that it is; null or left out for any other. */
  readonly docker?: string | null;
  /** Hosts that have names, with their addresses inside; of a Docker network its containers that run. */
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
}

/** An enrolled peer. `privateAddress` and `publicAddress` are what names answer; `endpoints` is where WireGuard listens. */
export interface MeshPeer {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  readonly role: PeerRole;
  /** The rank that a gateway was given for as long as it is one; those without take what is free. */
  readonly seat?: number | null;
  readonly wireguardKey: string;
  /** The key that the agent announced for later, and one that it shall give up. */
  readonly nextWireguardKey: string | null;
  readonly retiredKey: string | null;
  readonly overlayAddress: string;
  readonly privateAddress: string | null;
  readonly publicAddress: string | null;
  readonly endpoints: readonly Endpoint[];
  /** Its agent said that it speaks no IPv6. */
  readonly ipv4Only?: boolean;
  readonly labels: Labels;
  /** Services of plain hosts (`NAMESPACE/NAME`) that it is one of the hosts of, in order; left out where there are none. */
  readonly services?: readonly string[];
  /** The pod ranges of its node, as far as is known. */
  readonly podCidrs?: readonly string[];
  /** No UDP gets out of where it is, or none comes back. */
  readonly udpBlocked?: boolean;
  /** What a peer that relays for others is given to relay; null for one that does not. */
  readonly relay: {
    readonly allocations: readonly MeshAllocation[];
    /** Where it takes peers in over TLS, and its certificate key's hash; null until its agent has said that. */
    readonly tls?: { readonly port: number; readonly pin: string } | null;
  } | null;
}

/** Two peers, the first of lower id, for whom a relay keeps `port` and the port after it. */
export interface MeshAllocation {
  readonly id: string;
  /** Ids of the two peers and of their clusters. */
  readonly peers: readonly [string, string];
  readonly clusters: readonly [string, string];
  readonly port: number;
  /** Which of the two come over TLS, at least one; left out where both come by UDP. */
  readonly tls?: readonly [boolean, boolean];
  readonly kilobytesPerSecond: number;
  /** ISO time. */
  readonly until: string;
}

/** A cluster with its peers, sorted by id. */
export interface ClusterPart {
  readonly cluster: MeshCluster;
  readonly peers: readonly MeshPeer[];
}

/** `number` is the network's revision that the snapshot shows. */
export interface Snapshot {
  readonly number: number;
  readonly network: MeshNetwork;
  readonly parts: ReadonlyMap<string, ClusterPart>;
}

/** Rows as they are now, by id; null where a row is gone. What is not named stays as it was. */
export interface SnapshotChange {
  readonly number: number;
  readonly network?: MeshNetwork;
  readonly clusters?: ReadonlyMap<string, MeshCluster | null>;
  readonly peers?: ReadonlyMap<string, MeshPeer | null>;
}

/** Orders texts by code unit, the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Makes a snapshot of whole rows, in any order. Peers whose cluster is not among `clusters` are left out. */
export function snapshotOf(
  number: number,
  network: MeshNetwork,
  clusters: readonly MeshCluster[],
  peers: readonly MeshPeer[],
): Snapshot {
  const byCluster = new Map<string, MeshPeer[]>();
  for (const peer of peers) {
    const mates = byCluster.get(peer.clusterId);
    if (mates) mates.push(peer);
    else byCluster.set(peer.clusterId, [peer]);
  }
  const parts = new Map<string, ClusterPart>();
  for (const cluster of [...clusters].sort((a, b) => compareText(a.id, b.id)))
    parts.set(cluster.id, { cluster, peers: sortedById(byCluster.get(cluster.id) ?? []) });
  return { number, network, parts };
}

/**
 * The snapshot after a change, and the ids of the clusters whose part is new. Works in time of what changed, but for
 * one shallow copy of the table of clusters.
 */
export function changeSnapshot(
  before: Snapshot,
  change: SnapshotChange,
): { after: Snapshot; touched: Set<string> } {
  const touched = new Set<string>();
  const parts = new Map(before.parts);
  for (const [id, cluster] of change.clusters ?? []) {
    const part = parts.get(id);
    if (cluster === null) {
      if (parts.delete(id)) touched.add(id);
    } else if (!part || JSON.stringify(part.cluster) !== JSON.stringify(cluster)) {
      parts.set(id, { cluster, peers: part?.peers ?? [] });
      touched.add(id);
    }
  }
  for (const [id, peer] of change.peers ?? []) {
    for (const clusterId of homesOf(parts, id, peer)) {
      const part = parts.get(clusterId);
      if (!part) continue;
      const old = part.peers.find((one) => one.id === id);
      const wanted = peer?.clusterId === clusterId ? peer : null;
      if (!old && !wanted) continue;
      if (old && wanted && JSON.stringify(old) === JSON.stringify(wanted)) continue;
      const others = part.peers.filter((one) => one.id !== id);
      parts.set(clusterId, {
        cluster: part.cluster,
        peers: wanted ? sortedById([...others, wanted]) : others,
      });
      touched.add(clusterId);
    }
  }
  const network = change.network ?? before.network;
  return { after: { number: change.number, network, parts }, touched };
}

/** Whether the VPCs of two clusters route to each other. Half a peering passes nothing. */
export function arePeered(a: ClusterPart, b: ClusterPart): boolean {
  return a.cluster.peered.includes(b.cluster.id) && b.cluster.peered.includes(a.cluster.id);
}

/** The parts that a part is peered with, in the order of its list. */
export function peeredWith(snapshot: Snapshot, part: ClusterPart): ClusterPart[] {
  return part.cluster.peered.flatMap((id) => {
    const other = snapshot.parts.get(id);
    return other && arePeered(part, other) ? [other] : [];
  });
}

/** The peer with this id, if the snapshot holds it in this cluster. */
export function peerIn(snapshot: Snapshot, clusterId: string, peerId: string): MeshPeer | undefined {
  return snapshot.parts.get(clusterId)?.peers.find((peer) => peer.id === peerId);
}

function sortedById(peers: readonly MeshPeer[]): MeshPeer[] {
  return [...peers].sort((a, b) => compareText(a.id, b.id));
}

/** Clusters that hold a peer now or are to hold it. A peer never moves, so only a vanished row costs a search. */
function homesOf(parts: ReadonlyMap<string, ClusterPart>, id: string, peer: MeshPeer | null): string[] {
  if (peer) return [peer.clusterId];
  for (const [clusterId, part] of parts) if (part.peers.some((one) => one.id === id)) return [clusterId];
  return [];
}
