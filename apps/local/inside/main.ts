/**
 * Runs as the only program of the sealed place (on systems without namespaces: as a plain process, without the lab).
 * Stands up Postgres, lab, coordinator, worker and dashboard, then serves until told to end.
 *
 * Argument: a JSON file (`Stand`). Tells the world through `<directory>/stand.json` once everything is ready.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbedded } from '@skein/database/embedded.ts';
import { migrate } from '@skein/database/migrate.ts';
import { ensureAuthority } from '@skein/lab/azure/authority.ts';
import { serveDoor } from '@skein/lab/seal/door.ts';
import { childEnvironment, DOORS, INSIDE, NODE, ROOT } from '../config.ts';
import { AGENT_DISTRIBUTION, WEB_SERVER } from '../install/build.ts';
import { admit, serveAdmissions } from './admit.ts';
import { doorSocket, Stand, type Standing } from './stand.ts';
import { answers, openSupervisor } from './supervise.ts';

const stand = Stand.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const { directory, ports } = stand;
const say = (line: string) =>
  appendFileSync(join(directory, 'log', 'stand.log'), `${new Date().toISOString()} ${line}\n`);
const local = (port: number) => `http://127.0.0.1:${port}`;

function write(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function fail(message: string): never {
  say(message);
  write(join(directory, 'stand.json'), { ready: false, problem: message } satisfies Standing);
  process.exit(1);
}

mkdirSync(join(directory, 'log'), { recursive: true });
const masterKey = join(directory, 'master.key');
if (!existsSync(masterKey)) {
  writeFileSync(masterKey, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'), {
    mode: 0o600,
  });
}

const postgres = stand.databaseUrl
  ? { url: stand.databaseUrl, stop: async () => {} }
  : await startEmbedded(join(directory, 'postgres'), ports.postgres);
await migrate(postgres.url);

const supervisor = openSupervisor(say, (name) => {
  void stop().finally(() => fail(`${name} keeps ending; see ${join(directory, 'log', `${name}.log`)}`));
});

let ending = false;
async function stop(): Promise<void> {
  if (ending) return;
  ending = true;
  await supervisor.stop();
  await Promise.race([postgres.stop(), delay(8000, undefined, { ref: false })]);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(0)));
}

// Azure's clients speak https alone: whoever calls the lab's must trust its authority from the start.
const trust: Record<string, string> = stand.lab
  ? { NODE_EXTRA_CA_CERTS: (await ensureAuthority(join(directory, 'lab'))).caFile }
  : {};
const shared = {
  ...trust,
  DATABASE_URL: postgres.url,
  ...(stand.redisUrl && { REDIS_URL: stand.redisUrl }),
  SKEIN_MASTER_KEY_FILE: masterKey,
  SKEIN_PUBLIC_URL: stand.publicUrl,
  SKEIN_COORDINATOR_URL: stand.coordinatorUrl,
  SKEIN_STATE_DIRECTORY: directory,
};
const program = (name: string, script: string, settings: Record<string, string>, url: string | null) =>
  supervisor.start({
    name,
    command: [NODE, '--disable-warning=ExperimentalWarning', join(ROOT, script)],
    environment: childEnvironment({ NODE_ENV: 'production', ...shared, ...settings }),
    logFile: join(directory, 'log', `${name}.log`),
    ready: url === null ? async () => {} : answers(url),
  });

try {
  await Promise.all([
    stand.lab &&
      program(
        'lab',
        'apps/lab/main.ts',
        stand.kubernetes ? { SKEIN_LAB_PROGRAMS: stand.kubernetes.programs } : {},
        local(INSIDE.gcp),
      ),
    program(
      'coordinator',
      'apps/coordinator/main.ts',
      { PORT: String(ports.coordinator), SKEIN_AGENT_DISTRIBUTION: AGENT_DISTRIBUTION },
      `${local(ports.coordinator)}/healthz`,
    ),
    program(
      'worker',
      'apps/worker/main.ts',
      stand.kubernetes ? { SKEIN_K3S_INSTALLER: stand.kubernetes.installer } : {},
      null,
    ),
    program(
      'web',
      WEB_SERVER.slice(ROOT.length),
      { PORT: String(ports.web), HOSTNAME: '127.0.0.1' },
      `${local(ports.web)}/api/v1/healthz`,
    ),
  ]);
  if (stand.lab && !stand.errand) {
    await Promise.all(
      DOORS.map((name) => serveDoor({ port: INSIDE[name], socket: doorSocket(stand, name) })),
    );
  }
  await serveAdmissions(directory, () =>
    admit({ databaseUrl: postgres.url, masterKeyFile: masterKey, coordinatorUrl: stand.coordinatorUrl }),
  );
  write(join(directory, 'stand.json'), { ready: true } satisfies Standing);
  say('ready');
  if (stand.errand) {
    const [file, ...rest] = stand.errand;
    const errand = spawn(file as string, rest, { env: childEnvironment(trust), stdio: 'inherit' });
    const [code] = await once(errand, 'exit');
    await stop();
    process.exit(code ?? 1);
  }
} catch (error) {
  await stop();
  fail(error instanceof Error ? error.message : String(error));
}
