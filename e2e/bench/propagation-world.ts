/** The processes that the propagation benchmark runs: Postgres, one coordinator, and two full of agents. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CHANNEL_PATH } from '@skein/contract/agent/channel.ts';
import { startEmbedded } from '@skein/database/embedded.ts';
import { migrate } from '@skein/database/migrate.ts';
import type { AgentSeed, FromAgents, ToAgents } from './propagation-agents.ts';

const START_SECONDS = 30;
const CONNECT_SECONDS = 120;
const PROCESSES = 2;

export type Frame = Extract<FromAgents, { type: 'frames' }>['frames'][number];

export interface World {
  databaseUrl: string;
  masterKey: Buffer;
  coordinatorBytes(): Promise<number>;
  /** Connects agents, spread over the processes; resolves when each holds its first map. */
  connect(mapKey: string, seeds: readonly AgentSeed[]): Promise<void>;
  /** What every connected agent holds now: number and digest. */
  held(): Promise<Map<string, { number: number; digest: string }>>;
  /** Called for every frame that an agent took, and never for anything else. */
  onFrame: (frame: Frame) => void;
  /** What agents complained of. */
  broken: string[];
  close(): Promise<void>;
}

/** Starts everything on free loopback ports, with its files in a directory that `close` removes. */
export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-bench-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async () => {
    for (const one of closers.reverse()) await one();
  };
  try {
    const postgres = await startEmbedded(join(directory, 'postgres'), await freePort());
    closers.push(() => postgres.stop());
    await migrate(postgres.url);
    const masterKey = randomBytes(32);
    const masterKeyFile = join(directory, 'master.key');
    await writeFile(masterKeyFile, masterKey.toString('base64'), { mode: 0o600 });
    const port = await freePort();
    const coordinator = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../apps/coordinator/main.ts', import.meta.url))],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          NODE_ENV: 'production',
          DATABASE_URL: postgres.url,
          SKEIN_MASTER_KEY_FILE: masterKeyFile,
          SKEIN_COORDINATOR_URL: `http://127.0.0.1:${port}`,
          SKEIN_AGENT_DISTRIBUTION: directory,
          HOST: '127.0.0.1',
          PORT: String(port),
        },
      },
    );
    closers.push(() => end(coordinator));
    await untilListening(coordinator);

    const children = Array.from({ length: PROCESSES }, () =>
      fork(fileURLToPath(new URL('./propagation-agents.ts', import.meta.url)), {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    closers.push(() => Promise.all(children.map(end)));
    const world: World = {
      databaseUrl: postgres.url,
      masterKey,
      onFrame: () => {},
      broken: [],
      close,
      coordinatorBytes: () => residentBytes(coordinator.pid as number),
      connect: async (mapKey, seeds) => {
        const url = `ws://127.0.0.1:${port}${CHANNEL_PATH}`;
        const shares = children.map((child, index) => ({
          child,
          seeds: seeds.filter((_, number) => number % children.length === index),
        }));
        await Promise.all(
          shares.map(({ child, seeds: share }) =>
            ask(child, { type: 'connect', url, mapKey, seeds: share }, 'connected'),
          ),
        );
      },
      held: async () => {
        const answers = await Promise.all(children.map((child) => ask(child, { type: 'tell' }, 'held')));
        return new Map(
          answers.flatMap(({ held }) =>
            held.map(([id, number, digest]) => [id, { number, digest }] as const),
          ),
        );
      },
    };
    for (const child of children)
      child.on('message', (message: FromAgents) => {
        if (message.type === 'frames') for (const frame of message.frames) world.onFrame(frame);
        else if (message.type === 'broken') world.broken.push(message.what);
      });
    return world;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sends a question and waits for the answer of its kind. */
function ask<T extends FromAgents['type']>(
  child: ChildProcess,
  question: ToAgents,
  type: T,
): Promise<Extract<FromAgents, { type: T }>> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(late);
      child.off('message', look);
      settle();
    };
    const look = (message: FromAgents) => {
      if (message.type === type) finish(() => resolve(message as Extract<FromAgents, { type: T }>));
      else if (message.type === 'broken') finish(() => reject(new Error(`an agent broke: ${message.what}`)));
    };
    const late = setTimeout(
      () => finish(() => reject(new Error(`no “${type}” within ${CONNECT_SECONDS} s`))),
      CONNECT_SECONDS * 1000,
    );
    child.on('message', look);
    child.send(question);
  });
}

async function untilListening(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const listening = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (line.includes('"listening"')) resolve();
      else process.stderr.write(`coordinator: ${line}\n`);
    });
    child.once('exit', () => reject(new Error('the coordinator ended')));
    setTimeout(
      () => reject(new Error(`the coordinator did not start in ${START_SECONDS} s`)),
      START_SECONDS * 1000,
    ).unref();
  });
  await listening;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(late);
}

/** Resident set of a process as the kernel counts it. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  if (!Number.isFinite(kilobytes)) throw new Error('the kernel does not tell the resident set');
  return kilobytes * 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
