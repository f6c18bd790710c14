/** Whether a daemon of ours runs. A pid alone may belong to somebody else by now, so its start time is kept too. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UP } from './prepare.ts';

const Daemon = z.object({ pid: z.int(), startedAt: z.string() });
const FILE = join(UP, 'daemon.json');

/** Start time of a process as the kernel counts it (proc(5), field 22), or null when there is none. */
function startTimeOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') {
      process.kill(pid, 0);
      return 'alive';
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

export function rememberDaemon(pid: number): void {
  writeFileSync(FILE, JSON.stringify({ pid, startedAt: startTimeOf(pid) ?? '' }));
}

/** Pid of the living daemon, or null. */
export function findDaemon(): number | null {
  try {
    const { pid, startedAt } = Daemon.parse(JSON.parse(readFileSync(FILE, 'utf8')));
    return startTimeOf(pid) === startedAt ? pid : null;
  } catch {
    return null;
  }
}
