/**
 * Keeps the stand of `up` alive in the background: the sealed place and its doors on 127.0.0.1. Ends with SIGTERM,
 * and takes everything with it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Stand } from '../inside/stand.ts';
import { startDoors } from './doors.ts';
import { HAS_LAB, UP } from './prepare.ts';
import { startStand } from './stand.ts';

const stand = Stand.parse(JSON.parse(readFileSync(join(UP, 'stand-wanted.json'), 'utf8')));
/** What is thrown here is for the person who typed `./skein up`, who is shown what this prints. */
function giveUp(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

const doors = HAS_LAB ? await startDoors(stand).catch(giveUp) : null;
const inside = await startStand(stand, 'ignore').catch(giveUp);

let ending = false;
async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  rmSync(join(UP, 'daemon.json'), { force: true });
  await inside.stop();
  await doors?.close();
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end(0));
void inside.ended.then((code) => end(code === 0 ? 0 : 1));
