/**
 * The channel to the coordinator. This file: what becomes of a signed map or delta. Nothing in it is believed before
 * its signature is checked, and nothing older than what is held is taken.
 */
import type { KeyObject } from 'node:crypto';
import { MapDelta, NetworkMap, type SignedMap } from '@skein/contract/agent/map.ts';
import { applyDelta } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { verifyMap } from '@skein/mesh/map/sign.ts';

export type Received =
  | { kind: 'map'; map: NetworkMap }
  /** What is held already. */
  | { kind: 'nothing' }
  /** A delta that does not lead on from what is held. */
  | { kind: 'resync'; reason: string }
  /** Not from our network's coordinator, or not for us. The channel is not to be trusted. */
  | { kind: 'reject'; reason: string };

/** For whom maps must be, and whose signature they must bear. */
export interface Own {
  networkId: string;
  peerId: string;
  mapKey: KeyObject;
}

/** @param held the map held, if any */
export function receive(signed: SignedMap, held: NetworkMap | undefined, own: Own): Received {
  if (!verifyMap(signed, own.mapKey))
    return { kind: 'reject', reason: 'the signature is not of our network' };
  let value: unknown;
  try {
    value = JSON.parse(signed.payload);
  } catch {
    return { kind: 'reject', reason: 'the payload is no JSON' };
  }
  const parsed = signed.kind === 'map' ? NetworkMap.safeParse(value) : MapDelta.safeParse(value);
  if (!parsed.success)
    return { kind: 'reject', reason: `the ${signed.kind} has not the agreed shape; is this agent too old?` };
  const { data } = parsed;
  if (data.networkId !== own.networkId || data.peerId !== own.peerId)
    return { kind: 'reject', reason: `the ${signed.kind} is for another peer` };
  // Numbers count the network's revisions: they never go back.
  if (held && data.number < held.number)
    return { kind: 'reject', reason: `number ${data.number} is older than ${held.number}, which is held` };
  if (!('changes' in data)) {
    if (held && data.number === held.number && digestOf(data) === digestOf(held)) return { kind: 'nothing' };
    return { kind: 'map', map: data };
  }
  if (!held) return { kind: 'resync', reason: 'no map is held' };
  if (data.number === held.number) return { kind: 'nothing' };
  const applied = applyDelta(held, data);
  return applied.ok ? { kind: 'map', map: applied.map } : { kind: 'resync', reason: applied.reason };
}
