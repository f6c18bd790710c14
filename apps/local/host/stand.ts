/** Starts the inside: in the sealed place on Linux, as a plain process elsewhere. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sealedSpawn } from '@skein/lab/seal/enter.ts';
import { childEnvironment, NODE, ROOT } from '../config.ts';
import type { Stand } from '../inside/stand.ts';

/** The inside stops Postgres and its programs in order within this time; then the kernel ends the rest. */
const GRACE_SECONDS = 40;

export interface RunningStand {
  /** The inside's exit code. */
  ended: Promise<number>;
  stop(): Promise<unknown>;
}

/** @throws SealRefused where no sealed place can be made, saying what to do */
export async function startStand(stand: Stand, output: 'inherit' | 'ignore'): Promise<RunningStand> {
  mkdirSync(join(stand.directory, 'log'), { recursive: true });
  const file = join(stand.directory, 'stand-wanted.json');
  writeFileSync(file, JSON.stringify(stand), { mode: 0o600 });
  rmSync(join(stand.directory, 'stand.json'), { force: true });
  const command = [
    NODE,
    '--disable-warning=ExperimentalWarning',
    join(ROOT, 'apps/local/inside/main.ts'),
    file,
  ];
  const env = childEnvironment({});
  if (stand.lab) {
    return sealedSpawn(command, { env, stdio: ['ignore', output, output], graceSeconds: GRACE_SECONDS });
  }
  const child = spawn(NODE, command.slice(1), { env, stdio: ['ignore', output, output] });
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', (code) => resolve(code ?? 1));
  });
  return {
    ended,
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([ended, delay(GRACE_SECONDS * 1000, undefined, { ref: false })]);
      child.kill('SIGKILL');
      await ended;
    },
  };
}
