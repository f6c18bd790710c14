/** A WireGuard device: the kernel's where it has one, else wireguard-go, started and followed by us. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { INTERFACES, RUN_DIRECTORY } from '../config.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import { must, type Run } from '../host/command.ts';
import { readCounters } from '../host/counters.ts';
import type { Log } from '../host/log.ts';
import { WIREGUARD_KEY_FILE } from '../state/keys.ts';
import { changesNothing, renderUapi, renderWgSet, type TunnelChange } from './change.ts';
import { parseDump, parseUapi, type TunnelState } from './state.ts';
import { openUapi, type UapiConnection } from './uapi-connection.ts';

export interface Device {
  kind: 'kernel' | 'userspace';
  observe(): Promise<TunnelState>;
  apply(change: TunnelChange): Promise<void>;
  /** Lets go of the device and leaves it running: tunnels outlive the daemon. */
  release(): void;
}

const socketOf = (name: string) => `/var/run/wireguard/${name}.sock`;
const START_SECONDS = 10;

/**
 * Finds the device of this name or makes it. Throws `device-failed` in words where this node can have none.
 * @param onGone called when wireguard-go ended by itself; the device must then be opened anew
 */
export async function openDevice(run: Run, log: Log, name: string, onGone: () => void): Promise<Device> {
  const socket = socketOf(name);
  if (existsSync(socket)) {
    const adopted = await openUapi(socket, onGone).catch(() => undefined);
    if (adopted) return userspaceDevice(adopted);
    await rm(socket, { force: true });
  }
  const found = await run('ip', ['-d', 'link', 'show', 'dev', name]);
  if (found.ok && found.output.includes('wireguard')) return kernelDevice(run, name);
  // A tun device of that name without its wireguard-go is dead.
  if (found.ok) await run('ip', ['link', 'del', 'dev', name]);
  const made = await run('ip', ['link', 'add', 'dev', name, 'type', 'wireguard']);
  if (made.ok) {
    if ((await run('wg', ['--version'])).ok) return kernelDevice(run, name);
    await run('ip', ['link', 'del', 'dev', name]);
    log('the kernel has WireGuard, but the wg tool is missing; trying wireguard-go');
  }
  return userspaceDevice(await startWireguardGo(name, onGone));
}

function kernelDevice(run: Run, name: string): Device {
  return {
    kind: 'kernel',
    observe: async () => parseDump(await must(run, 'wg', ['show', name, 'dump'])),
    apply: async (change) => {
      const shared = new Map<string, string>();
      for (const peer of change.set)
        if (peer.presharedKey !== null && !shared.has(peer.presharedKey))
          shared.set(peer.presharedKey, await passingSecret(peer.presharedKey));
      try {
        const files = { privateKey: WIREGUARD_KEY_FILE, shared: (key: string) => shared.get(key) ?? '' };
        for (const call of renderWgSet(change, name, files)) await must(run, 'wg', call);
      } finally {
        for (const file of shared.values()) await rm(file, { force: true });
      }
    },
    release: () => undefined,
  };
}

/** A file for `wg` to read a secret from, which the caller removes. `RUN_DIRECTORY` is in memory. */
async function passingSecret(secret: string): Promise<string> {
  const file = `${RUN_DIRECTORY}/secret.${randomBytes(8).toString('hex')}`;
  await mkdir(RUN_DIRECTORY, { recursive: true, mode: 0o700 });
  await writeFile(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return file;
}

function userspaceDevice(connection: UapiConnection): Device {
  return {
    kind: 'userspace',
    observe: async () => parseUapi(await connection.ask('get=1\n\n')),
    apply: async (change) => {
      if (!changesNothing(change)) await connection.ask(renderUapi(change));
    },
    release: connection.close,
  };
}

async function startWireguardGo(name: string, onGone: () => void): Promise<UapiConnection> {
  // In its own session and with no pipe to us, so that it goes on carrying packets while the daemon is replaced.
  const child = spawn('wireguard-go', ['-f', name], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LOG_LEVEL: 'silent' },
  });
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `exit code ${code}`}`;
  });
  child.unref();
  const deadline = performance.now() + START_SECONDS * 1000;
  let last = '';
  while (ended === undefined && performance.now() < deadline) {
    try {
      return await openUapi(socketOf(name), onGone);
    } catch (error) {
      last = wordsOf(error);
    }
    await wait(20);
  }
  if (ended === undefined) child.kill('SIGKILL');
  throw new AgentFailure(
    'device-failed',
    `the kernel has no WireGuard and wireguard-go does not start: ${ended ?? last}. ` +
      'Install wireguard-go and check that /dev/net/tun exists.',
  );
}

/** Whether WireGuard answers for the device of this name; changes nothing. */
export async function answersOn(run: Run, name: string): Promise<boolean> {
  if (!existsSync(socketOf(name))) return (await run('wg', ['show', name, 'listen-port'])).ok;
  const connection = await openUapi(socketOf(name), () => undefined).catch(() => undefined);
  if (!connection) return false;
  return connection
    .ask('get=1\n\n')
    .then(
      () => true,
      () => false,
    )
    .finally(connection.close);
}

/** Takes the devices from plane `planes` on down, whoever made them. Succeeds where there are none. */
export async function removeDevices(run: Run, planes: number): Promise<void> {
  const there = readCounters();
  for (const name of INTERFACES.slice(planes)) {
    if (there.has(name)) await must(run, 'ip', ['link', 'del', 'dev', name]);
    // wireguard-go ends by itself when its interface is gone.
    await rm(socketOf(name), { force: true });
  }
}
