/**
 * The channel to the coordinator. This file: what becomes of a signed map or delta. Nothing in it is believed before
 * its signature is checked, and nothing older than what is held is taken.
 */
import type { KeyObject } from 'node:crypto';
import {
  MapDelta,
  NetworkMap,
  Removal,
  type SignedMap,
  type SignedRemoval,
} from '@skein/contract/agent/map.ts';
import { ServicesNews, type SignedServices } from '@skein/contract/agent/service.ts';
import { applyDelta } from '@skein/mesh/map/delta.ts';
import { digestOf } from '@skein/mesh/map/digest.ts';
import { verifyMap, verifyText } from '@skein/mesh/map/sign.ts';

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
  const value = parseJson(signed.payload);
  const parsed = signed.kind === 'map' ? NetworkMap.safeParse(value) : MapDelta.safeParse(value);
  if (!parsed.success)
    return { kind: 'reject', reason: `the ${signed.kind} has not the agreed shape; is this agent too old?` };
  const { data } = parsed;
  if (data.networkId !== own.networkId || data.peerId !== own.peerId)
    return { kind: 'reject', reason: `the ${signed.kind} is for another peer` };
  if (held && data.epoch < held.epoch)
    return { kind: 'reject', reason: `epoch ${data.epoch} is older than ${held.epoch}, which is held` };
  const begun = held?.epoch === data.epoch;
  // Numbers count the network's revisions: within an epoch they never go back.
  if (held && begun && data.number < held.number)
    return { kind: 'reject', reason: `number ${data.number} is older than ${held.number}, which is held` };
  if (!('changes' in data)) {
    if (held && begun && data.number === held.number && digestOf(data) === digestOf(held))
      return { kind: 'nothing' };
    return { kind: 'map', map: data };
  }
  if (!held) return { kind: 'resync', reason: 'no map is held' };
  if (begun && data.number === held.number) return { kind: 'nothing' };
  const applied = applyDelta(held, data);
  return applied.ok ? { kind: 'map', map: applied.map } : { kind: 'resync', reason: applied.reason };
}

/**
 * Why the network removed this peer, or undefined where it did not say so: not signed by it, for another peer, or in
 * answer to another hello than ours.
 * @param nonce what our hello said on this very connection
 */
export function receiveRemoval(signed: SignedRemoval, nonce: string, own: Own): string | undefined {
  if (!verifyText('removed', signed.payload, signed.signature, own.mapKey)) return undefined;
  const { data } = Removal.safeParse(parseJson(signed.payload));
  const ours = data?.networkId === own.networkId && data.peerId === own.peerId && data.nonce === nonce;
  return ours ? data.reason : undefined;
}

/**
 * News of services, or undefined where they are none of our network's, for another peer, or in answer to another hello.
 * @param nonce what our hello said on this very connection
 */
export function receiveServices(signed: SignedServices, nonce: string, own: Own): ServicesNews | undefined {
  if (!verifyText('services', signed.payload, signed.signature, own.mapKey)) return undefined;
  const { data } = ServicesNews.safeParse(parseJson(signed.payload));
  const ours = data?.networkId === own.networkId && data.peerId === own.peerId && data.nonce === nonce;
  return ours ? data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
