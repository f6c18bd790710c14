/** Everything that must be there before a stand can start. */
import { join } from 'node:path';
import { STATE } from '../config.ts';
import { buildAgentArchive, buildWeb } from '../install/build.ts';
import { installDebian } from '../install/debian.ts';

export const HAS_LAB = process.platform === 'linux';

/** @throws Error that says what a person must do, where we cannot do it */
export async function prepare(
  purposes: Parameters<typeof installDebian>[0],
  say: (line: string) => void,
): Promise<void> {
  if (HAS_LAB) installDebian(purposes, say);
  await buildAgentArchive(say);
  buildWeb(say);
}

/** Folder of the stand that `up` keeps, and of those that `prove` and the browser tests make and remove. */
export const UP = join(STATE, 'up');
export const PROVE = join(STATE, 'prove');
export const BROWSER = join(STATE, 'browser');
