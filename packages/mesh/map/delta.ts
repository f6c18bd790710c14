/** The change from one map of a peer to the next, and how it is applied. `applyDelta(a, deltaBetween(a, b))` is b. */
import type {
  MapAddressSet,
  MapAllocation,
  MapChange,
  MapDelegation,
  MapDelta,
  MapName,
  MapPeer,
  NetworkMap,
} from '@skein/contract/agent/map.ts';
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
  // By key: what is set, or undefined for what is removed.
  const peers = new Map<string, MapPeer | undefined>();
  const names = new Map<string, MapName | undefined>();
  const delegations = new Map<string, MapDelegation | undefined>();
  const sets = new Map<string, MapAddressSet | undefined>();
  const allocations = new Map<string, MapAllocation | undefined>();
  let self = map.self;
  for (const change of delta.changes) {
    if (change.set === 'self') self = change.value;
    else if (change.set === 'peer') peers.set(change.value.id, change.value);
    else if (change.set === 'name') names.set(change.value.name, change.value);
    else if (change.set === 'delegation') delegations.set(change.value.zone, change.value);
    else if (change.set === 'address-set') sets.set(change.value.id, change.value);
    else if (change.set === 'allocation') allocations.set(change.value.id, change.value);
    else if (change.set === 'peer-removed') peers.set(change.id, undefined);
    else if (change.set === 'name-removed') names.set(change.name, undefined);
    else if (change.set === 'delegation-removed') delegations.set(change.zone, undefined);
    else if (change.set === 'address-set-removed') sets.set(change.id, undefined);
    else allocations.set(change.id, undefined);
  }
  const next: NetworkMap = {
    networkId: map.networkId,
    peerId: map.peerId,
    epoch: map.epoch,
    number: delta.number,
    self,
    peers: changed(map.peers, peers, (peer) => peer.id),
    names: changed(map.names, names, (name) => name.name),
    delegations: changed(map.delegations, delegations, (one) => one.zone),
    addressSets: changed(map.addressSets, sets, (one) => one.id),
    allocations: changed(map.allocations, allocations, (one) => one.id),
  };
  return digestOf(next) === delta.digest ? { ok: true, map: next } : { ok: false, reason: 'digest-differs' };
}

/** A sorted list with its changes. An agent's processor is a small one: what stays is neither sorted nor looked up twice. */
function changed<T>(
  list: readonly T[],
  changes: ReadonlyMap<string, T | undefined>,
  key: (item: T) => string,
): T[] {
  if (changes.size === 0) return [...list];
  const news = new Map(changes);
  const kept = list.flatMap((item) => {
    const id = key(item);
    news.delete(id);
    return changes.has(id) ? (changes.get(id) ?? []) : item;
  });
  const added = [...news.values()].filter((item) => item !== undefined);
  return added.length === 0 ? kept : [...kept, ...added].sort((a, b) => compareText(key(a), key(b)));
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
