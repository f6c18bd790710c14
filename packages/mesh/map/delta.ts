/** The change from one map of a peer to the next, and how it is applied. `applyDelta(a, deltaBetween(a, b))` is b. */
import type { MapChange, MapDelta, NetworkMap } from '@skein/contract/agent/map.ts';
import { compareText } from '../network.ts';
import {
  addressSetText,
  allocationText,
  delegationText,
  digestOf,
  nameText,
  peerText,
  selfText,
} from './digest.ts';

export type Applied =
  | { ok: true; map: NetworkMap }
  | { ok: false; reason: 'other-peer' | 'other-epoch' | 'other-base' | 'not-newer' | 'digest-differs' };

/** What leads from `before` to `after` of the same epoch, or null where they differ in nothing but their number. */
export function deltaBetween(before: NetworkMap, after: NetworkMap): MapDelta | null {
  const changes: MapChange[] = [];
  if (selfText(before.self) !== selfText(after.self)) changes.push({ set: 'self', value: after.self });
  const peers = differ(before.peers, after.peers, (peer) => peer.id, peerText);
  for (const id of peers.removed) changes.push({ set: 'peer-removed', id });
  for (const value of peers.set) changes.push({ set: 'peer', value });
  const names = differ(before.names, after.names, (name) => name.name, nameText);
  for (const name of names.removed) changes.push({ set: 'name-removed', name });
  for (const value of names.set) changes.push({ set: 'name', value });
  const delegations = differ(before.delegations, after.delegations, (one) => one.zone, delegationText);
  for (const zone of delegations.removed) changes.push({ set: 'delegation-removed', zone });
  for (const value of delegations.set) changes.push({ set: 'delegation', value });
  const sets = differ(before.addressSets, after.addressSets, (one) => one.id, addressSetText);
  for (const id of sets.removed) changes.push({ set: 'address-set-removed', id });
  for (const value of sets.set) changes.push({ set: 'address-set', value });
  const allocations = differ(before.allocations, after.allocations, (one) => one.id, allocationText);
  for (const id of allocations.removed) changes.push({ set: 'allocation-removed', id });
  for (const value of allocations.set) changes.push({ set: 'allocation', value });
  if (changes.length === 0) return null;
  return {
    networkId: after.networkId,
    peerId: after.peerId,
    epoch: after.epoch,
    base: before.number,
    number: after.number,
    changes,
    digest: digestOf(after),
  };
}

/** Applies a delta whose signature was checked. A refusal means that the agent must ask for a whole map. */
export function applyDelta(map: NetworkMap, delta: MapDelta): Applied {
  if (delta.networkId !== map.networkId || delta.peerId !== map.peerId)
    return { ok: false, reason: 'other-peer' };
  if (delta.epoch !== map.epoch) return { ok: false, reason: 'other-epoch' };
  if (delta.base !== map.number) return { ok: false, reason: 'other-base' };
  if (delta.number <= map.number) return { ok: false, reason: 'not-newer' };
  const peers = new Map(map.peers.map((peer) => [peer.id, peer]));
  const names = new Map(map.names.map((name) => [name.name, name]));
  const delegations = new Map(map.delegations.map((one) => [one.zone, one]));
  const sets = new Map(map.addressSets.map((one) => [one.id, one]));
  const allocations = new Map(map.allocations.map((one) => [one.id, one]));
  let self = map.self;
  for (const change of delta.changes) {
    if (change.set === 'self') self = change.value;
    else if (change.set === 'peer') peers.set(change.value.id, change.value);
    else if (change.set === 'name') names.set(change.value.name, change.value);
    else if (change.set === 'delegation') delegations.set(change.value.zone, change.value);
    else if (change.set === 'address-set') sets.set(change.value.id, change.value);
    else if (change.set === 'allocation') allocations.set(change.value.id, change.value);
    else if (change.set === 'peer-removed') peers.delete(change.id);
    else if (change.set === 'name-removed') names.delete(change.name);
    else if (change.set === 'delegation-removed') delegations.delete(change.zone);
    else if (change.set === 'address-set-removed') sets.delete(change.id);
    else allocations.delete(change.id);
  }
  const next: NetworkMap = {
    networkId: map.networkId,
    peerId: map.peerId,
    epoch: map.epoch,
    number: delta.number,
    self,
    peers: sortedBy(peers),
    names: sortedBy(names),
    delegations: sortedBy(delegations),
    addressSets: sortedBy(sets),
    allocations: sortedBy(allocations),
  };
  return digestOf(next) === delta.digest ? { ok: true, map: next } : { ok: false, reason: 'digest-differs' };
}

function sortedBy<T>(byKey: ReadonlyMap<string, T>): T[] {
  return [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, value]) => value);
}

function differ<T>(
  before: readonly T[],
  after: readonly T[],
  key: (item: T) => string,
  text: (item: T) => string,
): { set: T[]; removed: string[] } {
  const old = new Map(before.map((item) => [key(item), item]));
  const set: T[] = [];
  for (const item of after) {
    const held = old.get(key(item));
    old.delete(key(item));
    // Most parts are the very object that the older map was built from.
    if (held !== item && (held === undefined || text(held) !== text(item))) set.push(item);
  }
  return { set, removed: [...old.keys()] };
}
