/** `./skein down` */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UP } from './prepare.ts';
import { findDaemon } from './running.ts';

const STOP_SECONDS = 60;

export async function down(): Promise<number> {
  const pid = findDaemon();
  if (pid !== null) {
    console.log('Stopping …');
    process.kill(pid, 'SIGTERM');
    const until = Date.now() + STOP_SECONDS * 1000;
    while (findDaemonAlive(pid)) {
      if (Date.now() > until) {
        // The seal's first process dies with its parent, and the kernel ends everything in it.
        process.kill(pid, 'SIGKILL');
        break;
      }
      await delay(50);
    }
  }
  const had = existsSync(UP);
  rmSync(UP, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  console.log(pid === null && !had ? 'Nothing was running.' : 'Stopped, and everything it made is removed.');
  return 0;
}

function findDaemonAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
