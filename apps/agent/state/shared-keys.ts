/** The keys shared with each peer, kept so that a node that starts again finds its peers as it left them. */
import { z } from 'zod';
import { STATE_DIRECTORY } from '../config.ts';
import type { SharedKey } from '../pair/exchange.ts';
import { readIfThere, writeSafely } from './files.ts';

const FILE = `${STATE_DIRECTORY}/shared-keys.json`;
const Kept = z.record(
  z.string(),
  z.object({ key: z.string(), former: z.array(z.string()), wireguardKeys: z.array(z.string()) }),
);

/** What is kept; nothing where the file is missing or damaged. */
export async function readSharedKeys(): Promise<Map<string, SharedKey>> {
  try {
    return new Map(Object.entries(Kept.parse(JSON.parse((await readIfThere(FILE)) ?? '{}'))));
  } catch {
    return new Map();
  }
}

export async function writeSharedKeys(keys: ReadonlyMap<string, SharedKey>): Promise<void> {
  await writeSafely(FILE, JSON.stringify(Object.fromEntries(keys)));
}
