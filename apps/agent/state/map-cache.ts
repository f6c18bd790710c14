/** The last map, from which the agent starts when the control plane is away. */
import { createHash } from 'node:crypto';
import { NetworkMap } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { STATE_DIRECTORY } from '../config.ts';
import { readIfThere, writeSafely } from './files.ts';

const MAP_FILE = `${STATE_DIRECTORY}/map.json`;
const Cached = z.object({ sha256: z.string(), map: z.string() });

/**
 * The cached map, or undefined where there is none that is whole. Maps reach the disk only after their signature
 * (or that of the delta which led to them) was checked, into a file that only root can write; the checksum is
 * against a damaged disk.
 */
export async function readCachedMap(peerId: string): Promise<NetworkMap | undefined> {
  const text = await readIfThere(MAP_FILE);
  if (text === undefined) return undefined;
  try {
    const cached = Cached.parse(JSON.parse(text));
    if (checksum(cached.map) !== cached.sha256) return undefined;
    const map = NetworkMap.parse(JSON.parse(cached.map));
    return map.peerId === peerId ? map : undefined;
  } catch {
    return undefined;
  }
}

export async function writeCachedMap(map: NetworkMap): Promise<void> {
  const text = JSON.stringify(map);
  await writeSafely(MAP_FILE, JSON.stringify({ sha256: checksum(text), map: text }));
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
