import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Place } from './enter.inside.ts';
import { sealedSpawn } from './enter.ts';
import { resultsFromInside } from './inside.ts';

const run = promisify(execFile);
const NOBODY = 65_534;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-seal-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** An environment by which the processes of one place are known on a host where others may stand. */
function marked(): { env: NodeJS.ProcessEnv; living(): Promise<number> } {
  const mark = `SKEIN_TEST_MARK=${randomUUID()}`;
  const [name = '', value = ''] = mark.split('=');
  return {
    env: { ...process.env, [name]: value },
    async living() {
      const ids = (await readdir('/proc')).filter((id) => /^\d+$/.test(id));
      const environments = await Promise.all(
        ids.map((id) => readFile(`/proc/${id}/environ`, 'utf8').catch(() => '')),
      );
      return environments.filter((text) => text.split('\0').includes(mark)).length;
    },
  };
}

for (const userId of [undefined, NOBODY]) {
  const mode = userId === undefined ? 'root' : 'user';
  test(`as ${mode}: own processes, own links, the services' addresses, and Postgres starts`, async () => {
    const state = join(directory, mode);
    await run('mkdir', ['-m', '700', state]);
    if (userId !== undefined) {
      await chown(directory, userId, userId);
      await chown(state, userId, userId);
    }
    const mountsBefore = await readFile('/proc/self/mountinfo', 'utf8');
    const place = await resultsFromInside<Place>(
      new URL('./enter.inside.ts', import.meta.url),
      { state },
      userId === undefined ? {} : { userId },
    );
    expect(place).toEqual({
      links: ['lo'],
      firstProcess: expect.stringContaining('init.sh'),
      addresses: ['127.0.0.1', '192.0.2.1', '192.0.2.10', '192.0.2.53'],
      namespacesDirectory: [],
      outside: 'ENETUNREACH',
      orphanReaped: true,
      postgres: 'PostgreSQL 18',
      resolver: 'nameserver 192.0.2.53',
    });
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
  });
}

test('the command’s exit code and output come through', async () => {
  const seal = await sealedSpawn(['sh', '-c', 'read line; echo "got $line"; exit 3'], { stdio: 'pipe' });
  seal.process.stdin?.end('words\n');
  expect(await text(seal.process.stdout as NodeJS.ReadableStream)).toBe('got words\n');
  expect(await seal.ended).toBe(3);
});

test('stop asks first, and ends what does not listen', async () => {
  const polite = await sealedSpawn(
    ['sh', '-c', 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done'],
    { stdio: 'pipe' },
  );
  await new Promise((resolve) => polite.process.stdout?.once('data', resolve));
  const said = text(polite.process.stdout as NodeJS.ReadableStream);
  expect(await polite.stop()).toBe(0);
  expect(await said).toBe('bye\n');

  const { env, living } = marked();
  const deaf = await sealedSpawn(
    ['sh', '-c', 'trap "" TERM; sleep 1000 & (setsid sleep 1000 &); echo up; while :; do sleep 1; done'],
    { env, stdio: 'pipe', graceSeconds: 1 },
  );
  await new Promise((resolve) => deaf.process.stdout?.once('data', resolve));
  expect(await living()).toBeGreaterThanOrEqual(4);
  const started = performance.now();
  expect(await deaf.stop()).toBe(137);
  expect(performance.now() - started).toBeLessThan(4000);
  expect(await living()).toBe(0);
});

test('killing the process that holds the place ends all of it', async () => {
  const { env, living } = marked();
  const seal = await sealedSpawn(
    ['sh', '-c', 'ip netns add inner; (setsid sleep 1000 &); echo up; sleep 1000'],
    {
      env,
      stdio: 'pipe',
    },
  );
  await new Promise((resolve) => seal.process.stdout?.once('data', resolve));
  expect(await living()).toBeGreaterThanOrEqual(4);
  seal.process.kill('SIGKILL');
  await seal.ended;
  await expect.poll(living, { timeout: 3000 }).toBe(0);
});

test('killing the process that asked for the place ends it in order', async () => {
  const { env, living } = marked();
  const module = new URL('./enter.ts', import.meta.url).href;
  const command = ['sh', '-c', 'trap "echo asked; exit 0" TERM; echo up; while :; do sleep 0.1; done'];
  const script = `const { sealedSpawn } = await import(${JSON.stringify(module)}); await (await sealedSpawn(${JSON.stringify(command)})).ended`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = text(starter.stdout);
  await new Promise((resolve) => starter.stdout.once('data', resolve));
  expect(await living()).toBeGreaterThanOrEqual(4);
  starter.kill('SIGKILL');
  await expect.poll(living, { timeout: 3000 }).toBe(0);
  expect(await said).toBe('up\nasked\n');
});
