/** The last map as it was signed, from which the agent starts when the control plane is away. */
import { open } from 'node:fs/promises';
import { type NetworkMap, SignedMap } from '@skein/contract/agent/map.ts';
import { type Own, receive } from '../channel/receive.ts';
import { STATE_DIRECTORY } from '../config.ts';
import { readIfThere, writeSafely } from './files.ts';

/** A line a link: the whole map first, then each delta as it came, so that a change costs what the change weighs. */
const MAP_FILE = `${STATE_DIRECTORY}/map.chain`;

/** A whole map and the deltas that followed it, each signed by the network: together they prove the map held. */
export type Chain = readonly SignedMap[];

/** Deltas after which a whole map should be asked for, so that the file and the time to read it stay small. */
export const LONGEST_CHAIN = 64;

export interface MapCache {
  /** What it proved when it was opened. */
  readonly map: NetworkMap | undefined;
  /** Links since the last whole map, this included, kept or not. */
  length(): number;
  /** Keeps one more link; a whole map begins a new chain. Throws where the disk does; the next whole map mends that. */
  keep(signed: SignedMap): Promise<void>;
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

/** What is cached, as far as its signatures hold, and the way to keep what comes. */
export async function openMapCache(own: Own, file: string = MAP_FILE): Promise<MapCache> {
  const chain = parseChain((await readIfThere(file)) ?? '');
  const map = mapOfChain(chain, own);
  let length = map ? chain.length : 0;
  // What follows a link that is missing would prove nothing, and what is there still proves an older map.
  let isWhole = map !== undefined;
  return {
    map,
    length: () => length,
    keep: async (signed) => {
      length = signed.kind === 'map' ? 1 : length + 1;
      if (signed.kind !== 'map' && !isWhole) return;
      isWhole = false;
      if (signed.kind === 'map') await writeSafely(file, JSON.stringify(signed));
      else await append(file, `\n${JSON.stringify(signed)}`);
      isWhole = true;
    },
  };
}

/** A line that a crash cut off is left out: whoever started without it was sent another that goes on from before it. */
function parseChain(text: string): Chain {
  return text.split('\n').flatMap((line) => {
    try {
      return [SignedMap.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

async function append(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
