/** Builds the network map of one peer from a snapshot. */
import type { MapDelegation, MapName, MapRange, MapSelf, NetworkMap } from '@skein/contract/agent/map.ts';
import { parseCidr } from '../ipam/cidr.ts';
import { clusterDomain, containerNamesOf, namesOf, peeredNameOf } from '../name/view.ts';
import {
  type ClusterPart,
  compareText,
  type MeshPeer,
  type MeshRange,
  peeredWith,
  peerIn,
  type Snapshot,
} from '../network.ts';
import { podCidrsBeside, podsOf } from '../pods/carry.ts';
import { type AgentPolicy, policyFor } from '../policy/compile.ts';
import { carriedBy, rangesCidrOf } from '../range/carriers.ts';
import { allocationsOf, withRelays } from '../relay/relayed.ts';
import { gatewaysOf, workOf } from '../topology/gateways.ts';
import { linksOf, planesOf } from '../topology/links.ts';

/** The map that a peer must hold at this snapshot, or undefined where the snapshot does not hold the peer. */
export function buildMap(snapshot: Snapshot, clusterId: string, peerId: string): NetworkMap | undefined {
  const part = snapshot.parts.get(clusterId);
  const self = peerIn(snapshot, clusterId, peerId);
  if (!part || !self) return undefined;
  const peers = withRelays(snapshot, part, self, linksOf(snapshot, part, self));
  const work = workOf(part, self);
  const forwards = work === 'gateway' && snapshot.network.topology !== 'full';
  const policy = policyFor(snapshot, part, self, forwards);
  return {
    networkId: snapshot.network.id,
    peerId,
    epoch: snapshot.network.epoch,
    number: snapshot.number,
    self: {
      ...selfOf(snapshot, part, self),
      role: work,
      planes: planesOf(peers),
      forwards,
      ...policy.self,
    },
    peers,
    names: mapNames(snapshot, part),
    delegations:
      work === 'gateway' ? delegationsToOthers(snapshot, part) : delegationToGateways(snapshot, part),
    addressSets: policy.addressSets,
    allocations: allocationsOf(snapshot, part, self),
  };
}

function selfOf(
  snapshot: Snapshot,
  part: ClusterPart,
  self: MeshPeer,
): Omit<MapSelf, 'role' | 'planes' | 'forwards' | keyof AgentPolicy['self']> {
  const { network } = snapshot;
  return {
    name: self.name,
    clusterId: part.cluster.id,
    clusterName: part.cluster.name,
    wireguardKey: self.wireguardKey,
    nextWireguardKey: self.nextWireguardKey,
    retiredKey: self.retiredKey,
    overlayAddress: self.overlayAddress,
    overlayCidr: network.cidr,
    clusterOverlayCidr: part.cluster.overlayCidr,
    clusterVpcCidr: part.cluster.vpcCidr,
    ranges: mapRanges(carriedBy(network.topology, part, self)),
    clusterRanges: part.cluster.ranges.map(({ overlayCidr }) => overlayCidr).sort(byAddress),
    rangesCidr: rangesCidrOf(snapshot),
    pods: {
      own: [...podsOf(part, self)],
      cluster: part.cluster.podCidr ?? null,
      elsewhere: podCidrsBeside(snapshot, part),
    },
    wireguardPort: network.wireguardPort,
    mtu: network.mtu,
    topology: network.topology,
    zone: network.zone,
  };
}

function mapRanges(ranges: readonly MeshRange[]): MapRange[] {
  return ranges
    .map(({ cidr, overlayCidr, replies, peerId, docker }) => ({
      cidr,
      overlayCidr,
      replies,
      alone: peerId !== null,
      ...(docker ? { docker } : {}),
    }))
    .sort((a, b) => byAddress(a.overlayCidr, b.overlayCidr));
}

function byAddress(a: string, b: string): number {
  return parseCidr(a).first - parseCidr(b).first;
}

// All agents of a cluster get the same names: they are made once for each state of it and of those peered with it.
const nameMemo = new WeakMap<
  ClusterPart,
  { zone: string; peered: readonly ClusterPart[]; names: readonly MapName[] }
>();

/** The cluster's own names, and those of the gateways of peered clusters, which nobody else would answer so. */
function mapNames(snapshot: Snapshot, part: ClusterPart): MapName[] {
  const { zone } = snapshot.network;
  const peered = peeredWith(snapshot, part);
  const memo = nameMemo.get(part);
  const same =
    memo?.zone === zone &&
    memo.peered.length === peered.length &&
    memo.peered.every((one, index) => one === peered[index]);
  if (same) return [...memo.names];
  const own = namesOf(part, zone).map(({ public: _, ...view }) => view);
  const theirs = peered.flatMap((other) => peeredNameOf(other, zone) ?? []);
  const names = [...own, ...containerNamesOf(part, zone), ...theirs].sort((a, b) =>
    compareText(a.name, b.name),
  );
  nameMemo.set(part, { zone, peered, names });
  return [...names];
}

/** A member asks its cluster's gateways for everything in the zone that it does not know itself. */
function delegationToGateways(snapshot: Snapshot, part: ClusterPart): MapDelegation[] {
  const servers = gatewaysOf(part).map((gateway) => gateway.overlayAddress);
  return servers.length > 0 ? [{ zone: snapshot.network.zone, servers }] : [];
}

/** A gateway asks the gateways of the cluster that a name is in. */
function delegationsToOthers(snapshot: Snapshot, part: ClusterPart): MapDelegation[] {
  const delegations: MapDelegation[] = [];
  for (const other of snapshot.parts.values()) {
    const servers = other === part ? [] : gatewaysOf(other).map((gateway) => gateway.overlayAddress);
    if (servers.length > 0)
      delegations.push({ zone: clusterDomain(other.cluster, snapshot.network.zone), servers });
  }
  return delegations.sort((a, b) => compareText(a.zone, b.zone));
}
