/**
 * Debian's name servers as processes of the test: on 127.0.0.1, on free ports, with everything in a temporary directory,
 * configured by what docs/dns.md tells people to write.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface RunningServer {
  port: number;
  /** What it said so far, for the reader of a failed test. */
  said: () => string;
  close: () => Promise<void>;
}

const PAGE = join(import.meta.dirname, '../../docs/dns.md');
const START_SECONDS = 20;
/** As in the page. */
export const EXAMPLE_SECRET = 'c2tlaW4gZXhhbXBsZSBrZXksIG1ha2UgeW91ciBvd24=';
/** Another key of the test's servers, which may change whatever it likes. */
export const SOMEBODY_SECRET = Buffer.from('somebody else, with all rights').toString('base64');
const EXAMPLE_ZONE = 'net.example.com';

/** The page's example that this test file is named for, or of that kind. */
async function example(named: RegExp): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const from = page.search(named);
  const [, text] = /```\w+\n(.*?)```/s.exec(page.slice(from)) ?? [];
  if (from < 0 || !text) throw new Error(`docs/dns.md has no example for ${named}`);
  return text;
}

/** Zones of bind9 or knot, each configured as the page configures one. */
export async function startBind(zones: readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  return started('named', port, async (directory) => {
    const text = await example(/used by e2e\/compliance\/bind9/);
    const [key = '', zone = ''] = [text.slice(0, text.indexOf('zone ')), text.slice(text.indexOf('zone '))];
    const shared = zone.replace('update-policy {', 'update-policy { grant somebody zonesub ANY;');
    const each = await zoneFiles(directory, zones, shared, '/var/lib/bind');
    const own = `options { directory "${directory}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
      pid-file none; session-keyfile none; recursion no; dnssec-validation no; };\ncontrols {};\nkey "somebody" { algorithm hmac-sha256; secret "${SOMEBODY_SECRET}"; };\n`;
    await writeFile(join(directory, 'named.conf'), own + key + each.join('\n'));
    // A copy: where AppArmor is on, the program in its own place may read nothing of ours.
    const program = join(directory, 'named');
    await copyFile('/usr/sbin/named', program);
    return [program, ['-g', '-c', join(directory, 'named.conf'), '-n', '1']];
  });
}

export async function startKnot(zones: readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  return started('knotd', port, async (directory) => {
    const text = await example(/used by e2e\/compliance\/knot/);
    const cut = text.indexOf('zone:\n') + 'zone:\n'.length;
    const shared = text.slice(cut).replace('acl: [', 'acl: [somebody, ');
    const each = await zoneFiles(directory, zones, shared, '/var/lib/knot');
    const head = text
      .slice(0, cut)
      .replace(
        'key:\n',
        `key:\n  - id: somebody\n    algorithm: hmac-sha256\n    secret: ${SOMEBODY_SECRET}\n`,
      )
      .replace('acl:\n', 'acl:\n  - id: somebody\n    key: somebody\n    action: update\n');
    const own = `server:\n  rundir: ${directory}\n  listen: 127.0.0.1@${port}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\ndatabase:\n  storage: ${directory}\n`;
    await writeFile(join(directory, 'knot.conf'), own + head + each.join(''));
    return ['/usr/sbin/knotd', ['-c', join(directory, 'knot.conf')]];
  });
}

/** @returns also the address and the key of its API. */
export async function startPowerDns(): Promise<RunningServer & { url: string; apiKey: string }> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const server = await started('pdns_server', apiPort, async (directory) => {
    const text = await example(/used by e2e\/compliance\/powerdns/);
    const database = new DatabaseSync(join(directory, 'pdns.sqlite3'));
    database.exec(await readFile('/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql', 'utf8'));
    database.close();
    const settings = text
      .replace('/var/lib/powerdns', directory)
      .replace('webserver-port=8081', `webserver-port=${apiPort}`);
    const own = `local-address=127.0.0.1\nlocal-port=${port}\nsocket-dir=${directory}\ndisable-syslog=yes\n`;
    await writeFile(join(directory, 'pdns.conf'), own + settings);
    return ['/usr/sbin/pdns_server', [`--config-dir=${directory}`, '--daemon=no', '--guardian=no']];
  });
  return { ...server, url: `http://127.0.0.1:${apiPort}`, apiKey: 'make-your-own' };
}

/** Writes each zone's file, and answers its part of the configuration. */
async function zoneFiles(directory: string, zones: readonly string[], part: string, place: string) {
  const file = await example(/### The zone's file/);
  return Promise.all(
    zones.map(async (zone) => {
      await writeFile(join(directory, `${zone}.zone`), file);
      return part.replaceAll(place, directory).replaceAll(EXAMPLE_ZONE, zone);
    }),
  );
}

/**
 * Starts it and waits until it listens.
 * @throws Error with what it said, also where the machine has no such program: these tests have nothing else to show.
 */
async function started(
  title: string,
  port: number,
  prepare: (directory: string) => Promise<[string, string[]]>,
): Promise<RunningServer> {
  const directory = await mkdtemp(join(tmpdir(), `skein-${title}-`));
  let child: ChildProcess | undefined;
  let text = '';
  const close = async () => {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [program, args] = await prepare(directory);
    child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        text = (text + chunk).slice(-20_000);
      });
    const failed = new Promise<never>((_, reject) => {
      child?.once('error', reject);
      child?.once('exit', (code) => reject(new Error(`${title} ended with ${code}`)));
    });
    failed.catch(() => {});
    await Promise.race([failed, untilOpen(port)]);
    return { port, said: () => text, close };
  } catch (error) {
    await close();
    throw new Error(`${title} does not start; \`./skein test\` installs it. ${String(error)}\n${text}`);
  }
}

async function untilOpen(port: number): Promise<void> {
  const end = Date.now() + START_SECONDS * 1000;
  while (Date.now() < end) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port} after ${START_SECONDS} s`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
