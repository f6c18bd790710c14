/**
 * Who calls whom between clusters, by underlay addresses: what security groups must let in. Planned over clusters as
 * they are to be, since rules are opened before nodes are there.
 */
import { MAX_PLANES } from '@skein/contract/agent/map.ts';
import type { PeerRole } from '@skein/contract/primitive.ts';
import { compareText } from '../network.ts';
import type { Graph, Vertex } from '../topology/graph.ts';
import { planGraph, type TopologySetting } from '../topology/plan.ts';

export interface CallingCluster {
  readonly id: string;
  readonly overlayCidr: string;
  /** Ids of the clusters whose private addresses can be called from this one's VPC. */
  readonly peered: readonly string[];
  /** Is about to go: those linked with it are let in as long as it is there, and those linked without it already. */
  readonly leaving: boolean;
  /** All that have not been removed. */
  readonly peers: readonly {
    readonly role: PeerRole;
    /** The rank that a gateway was given. */
    readonly seat: number | null;
    /** In the maps already. */
    readonly enrolled: boolean;
    /** The public addresses that it sends from, as far as they are known. */
    readonly sendsFrom: readonly string[];
    readonly privateAddress: string | null;
  }[];
}

/** What one group of a cluster lets in from other clusters. */
export interface Callers {
  /** Public addresses. */
  readonly others: string[];
  /** Private addresses in peered VPCs. */
  readonly peered: string[];
  /** Addresses of peers that call each other by way of a relay here; private ones where those reach it. */
  readonly relayed: string[];
  /** The same of pairs of which one comes over TLS; left out where there are none. */
  readonly relayedOverTls?: {
    /** Those that come by UDP all the same. */
    readonly udp: string[];
    /** Those over TLS, by the TCP port that they come to. */
    readonly tcp: readonly { readonly port: number; readonly addresses: string[] }[];
  };
}

/** Who calls one relay for one pair. */
export interface RelayCallers {
  readonly clusterId: string;
  readonly role: PeerRole;
  /** By UDP, on the ports of pairs like this. */
  readonly addresses: readonly string[];
  /** Where one of the pair comes over TLS: from where it does, and to which TCP port. */
  readonly overTls?: { readonly port: number; readonly addresses: readonly string[] };
}

/** Who calls each relay, from what it was given to relay: by its private address where that is near. */
export function relayCallers(
  allocations: readonly {
    readonly relayId: string;
    readonly peers: readonly string[];
    /** Which of the two come over TLS, and to which port of the relay. */
    readonly overTls?: { readonly ends: readonly boolean[]; readonly port: number } | undefined;
  }[],
  clusters: readonly (Pick<CallingCluster, 'id' | 'peered'> & {
    readonly peers: readonly (Pick<
      CallingCluster['peers'][number],
      'role' | 'sendsFrom' | 'privateAddress'
    > & {
      readonly id: string;
    })[];
  })[],
): RelayCallers[] {
  const peers = new Map(
    clusters.flatMap((home) => home.peers.map((peer) => [peer.id, { ...peer, home }] as const)),
  );
  return allocations.flatMap(({ relayId, peers: ends, overTls }): RelayCallers[] => {
    const relay = peers.get(relayId);
    if (!relay) return [];
    // Of the two the relay itself may be one, which calls nobody.
    const from = (tls: boolean) =>
      ends
        .filter((id, side) => id !== relayId && (overTls?.ends[side] ?? false) === tls)
        .flatMap((id) => {
          const end = peers.get(id);
          if (!end) return [];
          const near = end.home.id === relay.home.id || arePeered(end.home, relay.home);
          return near && end.privateAddress !== null ? [...end.sendsFrom, end.privateAddress] : end.sendsFrom;
        });
    const one = { clusterId: relay.home.id, role: relay.role, addresses: from(false) };
    return [overTls ? { ...one, overTls: { port: overTls.port, addresses: from(true) } } : one];
  });
}

type Peerable = Pick<CallingCluster, 'id' | 'peered'>;
const arePeered = (a: Peerable, b: Peerable) => a.peered.includes(b.id) && b.peered.includes(a.id);

export interface ClusterCallers {
  readonly gateway: Callers;
  readonly member: Callers;
  /** Interfaces, and so ports, on which its peers are called. */
  readonly planes: number;
}

/**
 * By cluster id.
 * @param seed the network's overlay range
 * @param settings the topology that maps show, and while it is changed the one that they will show: both are let in
 * @param relays who calls the relays among their peers
 */
export function callersOf(
  seed: string,
  settings: readonly TopologySetting[],
  clusters: readonly CallingCluster[],
  relays: readonly RelayCallers[] = [],
): Map<string, ClusterCallers> {
  const byId = new Map(clusters.map((cluster) => [cluster.id, cluster]));
  return new Map(
    clusters.map((cluster) => {
      const gateway = { others: new Set<string>(), peered: new Set<string>() };
      const member = { others: new Set<string>(), peered: new Set<string>() };
      let planes = planesOf(cluster);
      for (const setting of settings) {
        const everybody = setting.topology === 'full';
        for (const id of neighboursOf(seed, setting, clusters, cluster.id)) {
          const other = byId.get(id);
          if (!other) continue;
          planes = Math.max(planes, planesOf(other));
          const near = arePeered(cluster, other);
          for (const peer of other.peers) {
            if (!everybody && peer.role === 'member') continue;
            for (const group of everybody ? [gateway, member] : [gateway]) {
              for (const address of peer.sendsFrom) group.others.add(address);
              if (near && peer.privateAddress !== null) group.peered.add(peer.privateAddress);
            }
          }
        }
      }
      const relayedBy = (role: PeerRole) =>
        relays.filter((relay) => relay.clusterId === cluster.id && relay.role === role);
      const groups = {
        gateway: sorted(gateway, relayedBy('gateway')),
        member: sorted(member, relayedBy('member')),
      };
      return [cluster.id, { ...groups, planes }];
    }),
  );
}

/**
 * Linked by the graph of the clusters that are in the maps already, of all that are to be, or of those that stay: while
 * some come or go, each is true in its turn.
 */
function neighboursOf(
  seed: string,
  setting: TopologySetting,
  clusters: readonly CallingCluster[],
  id: string,
): Set<string> {
  const found = new Set<string>();
  for (const graph of graphsOf(seed, setting, clusters)) {
    const number = graph.numberOf.get(id);
    if (number !== undefined)
      for (const other of graph.linked(number)) found.add(graph.vertices[other] ?? '');
  }
  return found;
}

const graphMemo = new WeakMap<readonly CallingCluster[], Map<string, Graph[]>>();

function graphsOf(seed: string, setting: TopologySetting, clusters: readonly CallingCluster[]): Graph[] {
  const memo = graphMemo.get(clusters) ?? new Map<string, Graph[]>();
  graphMemo.set(clusters, memo);
  const key = `${seed} ${setting.topology} ${setting.hubClusterId}`;
  const known = memo.get(key);
  if (known) return known;
  const staying = clusters.filter((cluster) => !cluster.leaving);
  const graphs = [
    verticesOf(setting, clusters, true),
    verticesOf(setting, clusters, false),
    ...(staying.length < clusters.length ? [verticesOf(setting, staying, true)] : []),
  ].map((vertices) => planGraph(setting, seed, vertices));
  memo.set(key, graphs);
  return graphs;
}

function verticesOf(
  setting: TopologySetting,
  clusters: readonly CallingCluster[],
  enrolledOnly: boolean,
): Vertex[] {
  return clusters
    .flatMap((cluster): Vertex[] => {
      const counted = cluster.peers.filter((peer) => peer.enrolled || !enrolledOnly);
      const gateways = counted.filter((peer) => peer.role === 'gateway');
      if ((setting.topology === 'full' ? counted : gateways).length === 0) return [];
      const open = setting.topology === 'hub' && gateways.some((peer) => peer.sendsFrom.length > 0);
      return [{ id: cluster.id, range: cluster.overlayCidr, open }];
    })
    .sort((a, b) => compareText(a.id, b.id));
}

function planesOf(cluster: CallingCluster): number {
  const gateways = cluster.peers.filter((peer) => peer.role === 'gateway');
  const seats = gateways.map((peer) => (peer.seat ?? 0) + 1);
  return Math.min(Math.max(gateways.length, 1, ...seats), MAX_PLANES);
}

function sorted(
  callers: { others: Set<string>; peered: Set<string> },
  relayed: readonly RelayCallers[],
): Callers {
  const list = (addresses: Iterable<string>) => [...new Set(addresses)].sort(compareText);
  const overTls = relayed.filter((one) => one.overTls !== undefined);
  const ports = [...new Set(overTls.flatMap((one) => one.overTls?.port ?? []))].sort((a, b) => a - b);
  const tcp = ports.map((port) => ({
    port,
    addresses: list(overTls.flatMap((one) => (one.overTls?.port === port ? one.overTls.addresses : []))),
  }));
  return {
    others: list(callers.others),
    peered: list(callers.peered),
    relayed: list(relayed.flatMap((one) => (one.overTls ? [] : one.addresses))),
    ...(overTls.length > 0
      ? { relayedOverTls: { udp: list(overTls.flatMap((one) => one.addresses)), tcp } }
      : {}),
  };
}
