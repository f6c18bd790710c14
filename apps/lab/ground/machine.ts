/** One machine: its process, its files, its console. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { withSystemPath } from '../seal/path.ts';
import { type Output, output } from './command.ts';
import type { Machine, Realm } from './ground.ts';
import { removeEmptyGroups } from './groups.ts';
import { machineNamespace } from './names.ts';

/** A machine that did not come up; `message` holds what its boot printed. */
export class MachineFailed extends Error {
  readonly code = 'machine_failed';
}

const ROOT_SCRIPT = fileURLToPath(new URL('machine-root.sh', import.meta.url));
const INIT_SCRIPT = fileURLToPath(new URL('machine-init.sh', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const BOOT_SECONDS = 30;
const CONSOLE_BYTES = 64 * 1024;
const CLEAN_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function machineDirectory(directory: string, id: string): string {
  return join(directory, 'machines', encodeURIComponent(id));
}

/**
 * Starts a machine whose network namespace and link stand. Answers its first process's id. Throws MachineFailed.
 * @param programs a folder that the machine sees as `/opt/lab`, and cannot change
 */
export async function boot(
  directory: string,
  machine: Machine,
  realm: Realm,
  programs: string | null,
): Promise<number> {
  const subnet = realm.subnets.find(({ id }) => id === machine.subnetId);
  if (subnet === undefined)
    throw new MachineFailed(`${machine.id}: realm ${realm.id} has no subnet ${machine.subnetId}`);
  const home = machineDirectory(directory, machine.id);
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (machine.userData !== null) await writeFile(join(home, 'user-data'), machine.userData, { mode: 0o600 });
  // In Google's cloud a machine sees its address alone, in Amazon's its subnet.
  const prefix = realm.cloud === 'gcp' ? '32' : subnet.cidr.split('/')[1];
  const log = await open(join(home, 'boot.log'), 'w', 0o600);
  const child = spawn(
    'nsenter',
    [
      `--net=/run/netns/${machineNamespace(machine.id)}`,
      ...['unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--'],
      ...[
        'sh',
        ROOT_SCRIPT,
        INIT_SCRIPT,
        machine.hostname,
        `${machine.privateAddress}/${prefix}`,
        subnet.router,
        realm.resolver,
        programs ?? '',
      ],
      ...[REPOSITORY, resolve(directory)],
    ],
    // Its own session, so that it outlives this process.
    { cwd: home, env: withSystemPath({}), detached: true, stdio: ['ignore', 'ignore', log.fd, 'pipe'] },
  );
  const late = setTimeout(() => child.kill('SIGKILL'), BOOT_SECONDS * 1000);
  try {
    const told = Number(await firstWords(child));
    if (Number.isInteger(told) && told > 1) return told;
    throw new MachineFailed(
      `${machine.id}: ${(await readFile(join(home, 'boot.log'), 'utf8')).trim().slice(-2000) || 'its boot ended without a word'}`,
    );
  } finally {
    clearTimeout(late);
    child.unref();
    await log.close();
  }
}

/** What the boot says on descriptor 3. Its end cannot be awaited: unshare holds it as long as the machine lives. */
function firstWords(child: ChildProcess): Promise<string> {
  const stream = child.stdio[3] as Socket;
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new MachineFailed(error.message, { cause: error })));
    child.once('exit', () => resolve(''));
    stream.on('error', () => {});
    stream.once('data', (data) => {
      stream.destroy();
      resolve(data.toString());
    });
  });
}

/** Whether the process is the first one of this machine: a process id alone may have been given to another since. */
export async function isAlive(machineId: string, pid: number): Promise<boolean> {
  const [theirs, ours] = await Promise.all([
    stat(`/proc/${pid}/ns/net`).catch(() => null),
    stat(`/run/netns/${machineNamespace(machineId)}`).catch(() => null),
  ]);
  return theirs !== null && ours !== null && theirs.ino === ours.ino;
}

/** Ends all of a machine's processes; the kernel unmounts its root with the last of them. */
export async function halt(machineId: string, pid: number): Promise<void> {
  if (!(await isAlive(machineId, pid))) return;
  const { ino } = await stat(`/run/netns/${machineNamespace(machineId)}`);
  process.kill(pid, 'SIGKILL');
  for (let waitedMilliseconds = 0; waitedMilliseconds < 5000; waitedMilliseconds += 5) {
    // The first process leaves its namespaces before the others of the machine have ended.
    if (!(await isAlive(machineId, pid)) && removeEmptyGroups(ino)) return;
    await pause(5);
  }
  throw new MachineFailed(`${machineId}: its processes did not end within 5 s`);
}

/** Removes a halted machine's disk. */
export async function scrap(directory: string, machineId: string): Promise<void> {
  await rm(machineDirectory(directory, machineId), {
    recursive: true,
    force: true,
    maxRetries: 5,
    retryDelay: 20,
  });
}

/** Machines whose disks are kept here. */
export async function disksIn(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'machines')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.map(decodeURIComponent);
}

/** The tail of what user-data and what it started printed, and user-data's exit code once it has ended. */
export function printed(
  directory: string,
  machineId: string,
): { console: string; userDataExit: number | null } {
  const home = machineDirectory(directory, machineId);
  const exit = tail(join(home, 'exit'), 16).trim();
  return {
    console: tail(join(home, 'console'), CONSOLE_BYTES),
    userDataExit: exit === '' ? null : Number(exit),
  };
}

function tail(path: string, bytes: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const held = Buffer.alloc(Math.min(size, bytes));
    return held.toString('utf8', 0, readSync(file, held, 0, held.length, size - held.length));
  } finally {
    closeSync(file);
  }
}

/** Runs a command in all of a machine's namespaces, bounded in time (exit 137 then), with a clean environment. */
export function runInside(
  pid: number,
  command: readonly string[],
  options: { timeoutSeconds?: number; input?: string } = {},
): Promise<Output> {
  const timeoutSeconds = options.timeoutSeconds ?? 30;
  return output(
    [
      ...['nsenter', `--target=${pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--'],
      ...['env', '-i', CLEAN_PATH, 'HOME=/root', 'LANG=C.UTF-8'],
      // nsenter's child outlives nsenter, so the bound is kept on the inner side.
      ...['timeout', '-s', 'KILL', String(timeoutSeconds), ...command],
    ],
    { ...(options.input === undefined ? {} : { input: options.input }), timeoutSeconds: timeoutSeconds + 5 },
  );
}
