/**
 * A network as plans see it, before a change and after it. Data alone: `load.ts` reads it from the books, `after/` says
 * what a change makes of it, and everything that a plan tells follows from the two.
 */
import type {
  AccountProvider,
  DriftPolicy,
  Peering,
  ProviderId,
  Topology,
} from '@skein/contract/primitive.ts';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import type { ResourceKind } from '@skein/contract/rest/network.ts';
import type { Policy } from '@skein/contract/rest/policy.ts';
import { type ClusterCallers, callersOf, relayCallers } from '@skein/mesh/firewall/callers.ts';
import {
  changeSnapshot,
  compareText,
  type MeshCluster,
  type MeshNetwork,
  type Snapshot,
  snapshotOf,
} from '@skein/mesh/network.ts';

export interface Shape {
  name: string;
  zone: string;
  cidr: string;
  policy: Policy;
  peering: Peering;
  driftPolicy: DriftPolicy;
  /** Whose DNS holds the public zone. */
  dns: { cloudAccountId: string; provider: AccountProvider } | null;
  /** Sorted by name. */
  clusters: readonly ShapeCluster[];
  /** Enrolled peers, as maps and names show them; planned peers count as enrolled. */
  snapshot: Snapshot;
}

export interface ShapeCluster {
  id: string;
  name: string;
  cloudAccountId: string | null;
  provider: ProviderId | null;
  region: string;
  /** The provider's default when null. */
  instanceType: string | null;
  vpcCidr: string | null;
  overlayCidr: string;
  /** Range of the VPC and subnet that somebody else made. */
  existingNetwork: { networkId: string; subnetId: string } | null;
  nodeIdentity: string | null;
  kubernetes: ClusterKubernetes | null;
  state: 'provisioning' | 'ready' | 'deleting' | 'failed';
  /** All that have not been removed, enrolled or not; sorted by name. */
  peers: readonly ShapePeer[];
}

export interface ShapePeer {
  id: string;
  name: string;
  role: 'gateway' | 'member';
  /** The rank that a gateway was given. */
  seat: number | null;
  /** Skein makes its node. */
  managed: boolean;
  overlayAddress: string;
  /** The public underlay addresses from which it sends, as far as they are known. */
  sendsFrom: readonly string[];
  privateAddress: string | null;
}

/** A row of what clouds hold, not gone. */
export interface HeldRow {
  clusterId: string | null;
  kind: ResourceKind;
  key: string;
  provider: AccountProvider;
  region: string;
  status: 'wanted' | 'present' | 'deleting';
  spec: unknown;
  summary: string;
}

/** A cloud account as far as plans care. */
export interface KnownAccount {
  name: string;
  provider: AccountProvider;
  keyless: boolean;
}

/** All that our books say of a network. */
export interface Book {
  shape: Shape;
  rows: readonly HeldRow[];
  accounts: ReadonlyMap<string, KnownAccount>;
}

/** The same network with nothing in it: what is there before it is made, and after it was deleted. */
export function emptied(shape: Shape): Shape {
  return {
    ...shape,
    dns: null,
    clusters: [],
    snapshot: snapshotOf(shape.snapshot.number, shape.snapshot.network, [], []),
  };
}

/** What maps need to know of a network that is not made yet. */
export function meshNetworkOf(
  network: Pick<Shape, 'zone' | 'cidr' | 'policy'> & { topology: Topology; hubCluster: string | null },
): MeshNetwork {
  const { zone, cidr, policy, topology, hubCluster } = network;
  return {
    id: 'planned',
    epoch: 0,
    cidr,
    zone,
    topology,
    hubClusterId: hubCluster === null ? null : plannedId(hubCluster),
    mtu: 1280,
    policy,
    wireguardPort: WIREGUARD_PORT,
  };
}

export function meshClusterOf(cluster: ShapeCluster): MeshCluster {
  const { id, name, overlayCidr, vpcCidr, kubernetes } = cluster;
  const podCidr = kubernetes?.podCidr ?? null;
  return { id, name, overlayCidr, vpcCidr, peered: [], place: null, labels: {}, ranges: [], podCidr };
}

export function byName<T extends { name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => compareText(a.name, b.name));
}

/** Clusters whose cloud Skein works in; one that is being removed counts no more. */
export function cloudClusters(shape: Shape): (ShapeCluster & { provider: ProviderId; vpcCidr: string })[] {
  return shape.clusters.filter(
    (cluster): cluster is ShapeCluster & { provider: ProviderId; vpcCidr: string } =>
      cluster.provider !== null && cluster.vpcCidr !== null && cluster.state !== 'deleting',
  );
}

/** The network as its maps show it once exactly these pairs of clusters, by name, are peered too; or none, where null. */
export function peeredBy(shape: Shape, pairs: readonly (readonly [string, string])[] | null): Shape {
  const ids = new Map(shape.clusters.map((cluster) => [cluster.name, cluster.id]));
  const clusters = new Map<string, MeshCluster>();
  for (const [id, { cluster }] of shape.snapshot.parts) {
    const added = (pairs ?? [])
      .filter((pair) => pair.includes(cluster.name))
      .flatMap((pair) => pair.filter((name) => name !== cluster.name).map((name) => ids.get(name) ?? ''));
    const all = pairs === null ? [] : [...new Set([...cluster.peered, ...added])];
    clusters.set(id, { ...cluster, peered: all.sort(compareText) });
  }
  const { number } = shape.snapshot;
  return { ...shape, snapshot: changeSnapshot(shape.snapshot, { number, clusters }).after };
}

const callerMemo = new WeakMap<Shape, Map<string, ClusterCallers>>();

/** Whom each cluster's groups let in, by the cluster's id. One that is being removed calls nobody from now on. */
export function callersIn(shape: Shape): Map<string, ClusterCallers> {
  const known = callerMemo.get(shape);
  if (known) return known;
  const { network, parts } = shape.snapshot;
  const calling = shape.clusters
    .filter((cluster) => cluster.state !== 'deleting')
    .map(({ id, overlayCidr, peers }) => {
      const enrolled = new Set(parts.get(id)?.peers.map((peer) => peer.id));
      return {
        id,
        overlayCidr,
        peered: parts.get(id)?.cluster.peered ?? [],
        leaving: false,
        peers: peers.map((peer) => ({ ...peer, enrolled: enrolled.has(peer.id) })),
      };
    });
  const allocations = [...parts.values()].flatMap((part) =>
    part.peers.flatMap(({ id, relay }) =>
      (relay?.allocations ?? []).map(({ peers, tls: ends }) => ({
        relayId: id,
        peers,
        overTls: ends && relay?.tls ? { ends, port: relay.tls.port } : undefined,
      })),
    ),
  );
  const callers = callersOf(shape.cidr, [network], calling, relayCallers(allocations, calling));
  callerMemo.set(shape, callers);
  return callers;
}

/** Stands for the id of a cluster that is not made yet. */
export function plannedId(name: string): string {
  return `planned/${name}`;
}
