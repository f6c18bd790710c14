/**
 * The dashboard with a full house, for tests and for looking at while working on it: embedded Postgres, a lab of paper,
 * the production server, and rows as networks in the middle of their life have them. Run by hand it stays up:
 * `node e2e/browser/fixture.ts [--as-built]`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@skein/control/context.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { mintSetupLink } from '@skein/control/setup/mint-link.ts';
import { openDatabase } from '@skein/database/client.ts';
import { startEmbedded } from '@skein/database/embedded.ts';
import { migrate } from '@skein/database/migrate.ts';
import { buildWeb, WEB_SERVER } from '@skein/local/install/build.ts';
import { startPaperLab } from '../compliance/lab.ts';
import { type Seeded, seed } from './seed.ts';

const START_SECONDS = 30;

export interface Fixture extends Seeded {
  baseUrl: string;
  databaseUrl: string;
  person: { email: string; password: string };
  /** Of another organization, in which nothing was done yet. */
  newcomer: { email: string; password: string };
  /** A set-up link that nobody has used. */
  openLink: string;
  /** The one that made the organization. */
  usedLink: string;
  stop(): Promise<void>;
}

/** @param asBuilt takes the dashboard as it was built last, however old: for looking at while others write. */
export async function startFixture(
  say: (line: string) => void = () => {},
  asBuilt = false,
): Promise<Fixture> {
  if (!asBuilt) buildWeb(say);
  const directory = await mkdtemp(join(tmpdir(), 'skein-browser-'));
  const postgres = await startEmbedded(join(directory, 'postgres'), await freePort());
  await migrate(postgres.url);
  const clouds = await startPaperLab();
  const masterKey = randomBytes(32);
  const keyFile = join(directory, 'master.key');
  await writeFile(keyFile, masterKey.toString('base64'), { mode: 0o600 });

  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const web = spawn(process.execPath, [WEB_SERVER], {
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      HOSTNAME: '127.0.0.1',
      DATABASE_URL: postgres.url,
      SKEIN_MASTER_KEY_FILE: keyFile,
      SKEIN_PUBLIC_URL: baseUrl,
      SKEIN_COORDINATOR_URL: 'http://192.0.2.10:7401',
      NODE_EXTRA_CA_CERTS: clouds.caFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [web.stdout, web.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
    });
  const database = openDatabase(postgres.url);
  const stop = async () => {
    await database.$disconnect();
    if (web.exitCode === null && web.signalCode === null) {
      web.kill('SIGTERM');
      const gone = await Promise.race([once(web, 'exit'), sleep(5000, null, { ref: false })]);
      if (gone === null) web.kill('SIGKILL');
    }
    await clouds.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    await untilWell(baseUrl, () => said);
    const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
    const base = { database, now: () => new Date(), random };
    const person = { email: 'ada@example.com', password: 'threads that never tangle' };
    const newcomer = { email: 'mary@example.com', password: 'a loom with nothing on it' };
    const setUp = async (organization: string, name: string, who: typeof person) => {
      const { secret } = await mintSetupLink(base, { organizationId: null });
      const made = await fetch(`${baseUrl}/api/v1/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ link: secret, organization, name, ...who }),
      });
      if (made.status !== 201)
        throw new Error(`setting up answered ${made.status}: ${await made.text()}\n${said}`);
      return { usedLink: secret, ...((await made.json()) as { organizationId: string; userId: string }) };
    };
    const { usedLink, organizationId, userId } = await setUp('Haberdashery', 'Ada', person);
    await setUp('Bare loom', 'Mary', newcomer);
    const { secret: openLink } = await mintSetupLink(base, { organizationId: null });
    const context: Context = {
      ...base,
      actor: { kind: 'user', id: userId, organizationId },
      sealer: createSealer(masterKey, random),
      platform: { publicUrl: baseUrl, aws: null },
      coordinatorUrl: 'http://192.0.2.10:7401',
      wake: async () => {},
    };
    const seeded = await seed(context, clouds);
    return { baseUrl, databaseUrl: postgres.url, person, newcomer, openLink, usedLink, ...seeded, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilWell(baseUrl: string, said: () => string) {
  for (let waited = 0; waited < START_SECONDS * 10; waited++) {
    const answer = await fetch(`${baseUrl}/api/v1/healthz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`the dashboard did not answer within ${START_SECONDS} s:\n${said()}`);
}

/** A port that is free now. */
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

if (import.meta.main) {
  const fixture = await startFixture(console.log, process.argv.includes('--as-built'));
  const { stop, ...shown } = fixture;
  console.log(JSON.stringify(shown, null, 2));
  process.once('SIGINT', () => void stop().then(() => process.exit(0)));
  process.once('SIGTERM', () => void stop().then(() => process.exit(0)));
}
