/**
 * Control groups that machines leave behind. A machine that runs containers has one in each hierarchy, made by what
 * runs in it; the kernel ends its processes with it, and keeps the empty groups.
 */
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** What such groups are called, before the number of the machine's network namespace. */
const PREFIX = 'skein-node-';
const ROOT = '/sys/fs/cgroup';

/**
 * Removes those that nothing runs in; a living machine's first process is in its own.
 * @param only of the machine with this network namespace (its inode's number)
 * @returns whether all that were meant are gone
 */
export function removeEmptyGroups(only: number | null = null): boolean {
  let gone = true;
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, controllers, path] = line.split(':');
    if (!controllers || path === undefined) continue;
    const parent = join(ROOT, controllers.replace(/^name=/, ''), path);
    for (const name of childrenOf(parent)) {
      if (only === null ? name.startsWith(PREFIX) : name === `${PREFIX}${only}`)
        gone = removeTree(join(parent, name)) && gone;
    }
  }
  return gone;
}

/** The deepest first. */
function removeTree(path: string): boolean {
  // Of a living machine an empty group below its own is not ours to take.
  if (isUsed(path)) return false;
  for (const name of childrenOf(path)) removeTree(join(path, name));
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    // Something runs in it, or another process has removed it.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function isUsed(path: string): boolean {
  try {
    return readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '';
  } catch {
    return false;
  }
}

function childrenOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // This hierarchy is not mounted here.
    return [];
  }
}
