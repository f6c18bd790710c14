/**
 * The digest of a map: SHA-256 (hex) over a text that equal maps share whatever the order of their objects' keys.
 */
import { createHash } from 'node:crypto';
import type {
  Endpoint,
  MapAddressSet,
  MapAllocation,
  MapDelegation,
  MapName,
  MapPeer,
  MapRule,
  MapSelf,
  NetworkMap,
  RelayedEnd,
} from '@skein/contract/agent/map.ts';

/** Digest of the whole map, its number included. Lists must be sorted as `NetworkMap` says. */
export function digestOf(map: NetworkMap): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([map.networkId, map.peerId, map.epoch, map.number]));
  hash.update(selfText(map.self));
  for (const peer of map.peers) hash.update(peerText(peer));
  for (const name of map.names) hash.update(nameText(name));
  for (const delegation of map.delegations) hash.update(delegationText(delegation));
  for (const set of map.addressSets) hash.update(addressSetText(set));
  for (const allocation of map.allocations) hash.update(allocationText(allocation));
  return hash.digest('hex');
}

/** One text for each state of a part, with its kind first: two parts are equal exactly when their texts are. */
export function selfText(self: MapSelf): string {
  return JSON.stringify([
    'self',
    self.name,
    self.clusterId,
    self.clusterName,
    self.role,
    self.planes,
    self.forwards,
    self.wireguardKey,
    self.nextWireguardKey,
    self.retiredKey,
    self.overlayAddress,
    self.overlayCidr,
    self.clusterOverlayCidr,
    self.clusterVpcCidr,
    self.ranges.map(({ cidr, overlayCidr, replies, alone, docker }) => [
      cidr,
      overlayCidr,
      replies,
      alone,
      ...(docker === undefined ? [] : [docker]),
    ]),
    self.clusterRanges,
    self.rangesCidr,
    [self.pods.own, self.pods.cluster, self.pods.elsewhere],
    self.wireguardPort,
    self.mtu,
    self.topology,
    self.zone,
    self.rules.map(ruleParts),
    self.passing.map(ruleParts),
    self.defaults.withinCluster,
    self.defaults.elsewhere,
  ]);
}

export function peerText(peer: MapPeer): string {
  return JSON.stringify([
    'peer',
    peer.plane,
    peer.id,
    peer.name,
    peer.clusterId,
    peer.role,
    peer.wireguardKey,
    peer.nextWireguardKey,
    peer.overlayAddress,
    peer.endpoints.map(endpointParts),
    peer.allowedIps,
    peer.keepaliveSeconds,
  ]);
}

function endpointParts({ kind, address, port, tls }: Endpoint) {
  return tls ? [kind, address, port, tls.port, tls.pin, tls.wireguardKey] : [kind, address, port];
}

export function nameText(name: MapName): string {
  return JSON.stringify(['name', name.name, name.inside, name.outside, ...(name.ipv4Only ? [4] : [])]);
}

export function delegationText(delegation: MapDelegation): string {
  return JSON.stringify(['delegation', delegation.zone, delegation.servers]);
}

// A set is the same object in the maps of all agents and may hold thousands of ranges.
const setMemo = new WeakMap<MapAddressSet, string>();

export function addressSetText(set: MapAddressSet): string {
  let text = setMemo.get(set);
  if (text === undefined) {
    text = JSON.stringify(['address-set', set.id, set.cidrs]);
    setMemo.set(set, text);
  }
  return text;
}

function ruleParts({ action, from, to, protocol, ports }: MapRule) {
  return [action, from, to, protocol, ports];
}

export function allocationText(allocation: MapAllocation): string {
  const { id, port, addresses, kilobytesPerSecond, until, tls } = allocation;
  const parts = ['allocation', id, port, addresses, kilobytesPerSecond, until];
  return JSON.stringify(tls ? [...parts, tls.port, tls.ends.map(endParts)] : parts);
}

function endParts(end: RelayedEnd) {
  return end.by === 'tls' ? [end.by, end.peerId, end.keys] : [end.by];
}
