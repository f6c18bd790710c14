/**
 * The sealed place: one network, mount, pid, ipc and uts namespace in which the lab and the control plane run. It has
 * no link to the host's network. Its first process (`init.sh`) ends, and the kernel ends everything in it; so no
 * namespace, process or mount can stay on the host, however it ended. This file is the host's side.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { commandEnvironment } from '../config.ts';
import { SERVICES } from '../ground/ground.ts';
import { removeEmptyGroups } from '../ground/groups.ts';
import { withSystemPath } from './path.ts';
import { explainRefusal, probe, SealRefused } from './refusal.ts';

/** `root`: namespaces are made directly. `user`: in an unprivileged user namespace, where one is root of one's own. */
export type SealMode = 'root' | 'user';

export interface SealOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** stdin, stdout and stderr of the command. */
  stdio?:
    | 'inherit'
    | 'ignore'
    | 'pipe'
    | readonly [
        'pipe' | 'ignore' | 'inherit' | number,
        'pipe' | 'ignore' | 'inherit' | number,
        'pipe' | 'ignore' | 'inherit' | number,
      ];
  /** How long the command may take to end after `stop`; then all of the place ends. */
  graceSeconds?: number;
}

export interface Seal {
  mode: SealMode;
  /** The host's process that holds the place; its streams are the command's. */
  process: ChildProcess;
  /** The command's exit code, 128 + n for a signal n; resolves when nothing of the place is left. */
  ended: Promise<number>;
  /** Asks the command to end (SIGTERM), bounded by `graceSeconds`, and resolves as `ended` does. */
  stop(): Promise<number>;
}

const INIT = fileURLToPath(new URL('init.sh', import.meta.url));

/** unshare(1)'s arguments for a mode. `--kill-child`: if unshare itself is killed, the place ends too. */
export function unshareArguments(mode: SealMode): string[] {
  const places = ['--net', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=SIGKILL'];
  return mode === 'root' ? places : ['--user', '--map-root-user', ...places];
}

/** Which mode this process can use. Throws SealRefused with what the user has to do where none works. */
export async function sealMode(): Promise<SealMode> {
  const mode = process.getuid?.() === 0 ? 'root' : 'user';
  const facts = await probe(unshareArguments(mode));
  const words = explainRefusal(facts);
  if (words !== null) throw new SealRefused(words);
  return mode;
}

/**
 * Runs a command in a new sealed place. The place ends when the command ends, when `stop` is called, and when this
 * process ends in whatever way (it holds a pipe whose end the place sees). Throws SealRefused.
 */
export async function sealedSpawn(command: readonly string[], options: SealOptions = {}): Promise<Seal> {
  const mode = await sealMode();
  const graceSeconds = options.graceSeconds ?? 15;
  const inner = [
    'sh', INIT,
    [SERVICES.router, SERVICES.controlPlane, SERVICES.publicResolver].join(' '),
    SERVICES.publicResolver,
    String(graceSeconds),
    ...command,
  ]; // biome-ignore format: the arguments of init.sh, in its order
  const wanted = options.stdio ?? 'inherit';
  const streams = typeof wanted === 'string' ? [wanted, wanted, wanted] : wanted;
  const child = spawn('unshare', [...unshareArguments(mode), '--', ...inner], {
    cwd: options.cwd,
    env: options.env ? withSystemPath(options.env) : commandEnvironment(),
    // Its own session: a Ctrl-C on the terminal reaches only the host's process, which then ends the place in order.
    detached: true,
    stdio: [...streams, 'pipe'] as StdioOptions,
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      // The kernel has ended whatever was in the place, and it keeps groups of machines that nobody halted.
      removeEmptyGroups();
      resolve(code ?? (signal === 'SIGKILL' ? 137 : 143));
    });
  });
  ended.catch(() => {});
  await once(child, 'spawn');
  const held = child.stdio[3] as unknown as import('node:net').Socket;
  held.on('error', () => {});
  return {
    mode,
    process: child,
    ended,
    async stop() {
      held.end();
      const late = setTimeout(() => child.kill('SIGKILL'), (graceSeconds + 5) * 1000);
      try {
        return await ended;
      } finally {
        clearTimeout(late);
      }
    },
  };
}
