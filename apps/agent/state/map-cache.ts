/** The last map as it was signed, from which the agent starts when the control plane is away. */
import { type NetworkMap, SignedMap } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { type Own, receive } from '../channel/receive.ts';
import { STATE_DIRECTORY } from '../config.ts';
import { readIfThere, writeSafely } from './files.ts';

const MAP_FILE = `${STATE_DIRECTORY}/map.json`;

/** A whole map and the deltas that followed it, each signed by the network: together they prove the map held. */
export type Chain = readonly SignedMap[];
const Cached = z.array(SignedMap);

/** Deltas after which a whole map should be asked for, so that the file and the time to read it stay small. */
export const LONGEST_CHAIN = 64;

/** The chain with one more link. A whole map begins a new one. */
export function extendChain(chain: Chain, signed: SignedMap): Chain {
  return signed.kind === 'map' ? [signed] : [...chain, signed];
}

/** The map that a chain proves, or undefined where a link is missing, damaged or not of our network. */
export function mapOfChain(chain: Chain, own: Own): NetworkMap | undefined {
  let map: NetworkMap | undefined;
  for (const signed of chain) {
    const received = receive(signed, map, own);
    if (received.kind !== 'map') return undefined;
    map = received.map;
  }
  return map;
}

/** What is cached: the map, as far as its signatures hold, and its chain. */
export async function readCache(own: Own): Promise<{ map: NetworkMap | undefined; chain: Chain }> {
  const text = await readIfThere(MAP_FILE);
  try {
    const chain = Cached.parse(JSON.parse(text ?? '[]'));
    const map = mapOfChain(chain, own);
    return { map, chain: map ? chain : [] };
  } catch {
    // Cut off or damaged: the coordinator has another.
    return { map: undefined, chain: [] };
  }
}

export async function writeCache(chain: Chain): Promise<void> {
  await writeSafely(MAP_FILE, JSON.stringify(chain));
}
