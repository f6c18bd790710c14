/**
 * A network as plans see it, before a change and after it. Data alone: `load.ts` reads it from the books, `after/` says
 * what a change makes of it, and everything that a plan tells follows from the two.
 */
import type {
  AccountProvider,
  AllowedPort,
  DriftPolicy,
  Peering,
  ProviderId,
} from '@skein/contract/primitive.ts';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { ResourceKind } from '@skein/contract/rest/network.ts';
import {
  changeSnapshot,
  compareText,
  type MeshCluster,
  type MeshNetwork,
  peeredWith,
  type Snapshot,
  snapshotOf,
} from '@skein/mesh/network.ts';

export interface Shape {
  name: string;
  zone: string;
  cidr: string;
  allowedPorts: readonly AllowedPort[];
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
  state: 'provisioning' | 'ready' | 'deleting' | 'failed';
  /** All that have not been removed, enrolled or not; sorted by name. */
  peers: readonly ShapePeer[];
}

export interface ShapePeer {
  id: string;
  name: string;
  role: 'gateway' | 'member';
  /** Skein makes its node. */
  managed: boolean;
  overlayAddress: string;
  /** The underlay addresses from which it sends to other clusters, where it is a gateway. */
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
export function meshNetworkOf(network: Pick<Shape, 'zone' | 'cidr' | 'allowedPorts'>): MeshNetwork {
  const { zone, cidr, allowedPorts } = network;
  return {
    id: 'planned',
    epoch: 0,
    cidr,
    zone,
    topology: 'hybrid',
    hubClusterId: null,
    mtu: 1280,
    allowedPorts,
    wireguardPort: WIREGUARD_PORT,
  };
}

export function meshClusterOf(cluster: ShapeCluster): MeshCluster {
  const { id, name, overlayCidr, vpcCidr } = cluster;
  return { id, name, overlayCidr, vpcCidr, peered: [] };
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

/** The private addresses of the gateways of those clusters with which one is peered. */
export function peeredAddressesOf(shape: Shape, clusterId: string): string[] {
  const part = shape.snapshot.parts.get(clusterId);
  const peered = new Set(part ? peeredWith(shape.snapshot, part).map((other) => other.cluster.id) : []);
  return shape.clusters
    .filter((cluster) => peered.has(cluster.id))
    .flatMap((cluster) => cluster.peers.filter((peer) => peer.role === 'gateway'))
    .flatMap((peer) => peer.privateAddress ?? []);
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

/** The addresses from which each cluster's gateways send, by the cluster's id. */
export function gatewayAddressesOf(shape: Shape): Map<string, string[]> {
  const living = shape.clusters.filter((cluster) => cluster.state !== 'deleting');
  return new Map(
    living.map((cluster) => [
      cluster.id,
      cluster.peers.filter((peer) => peer.role === 'gateway').flatMap((peer) => peer.sendsFrom),
    ]),
  );
}
