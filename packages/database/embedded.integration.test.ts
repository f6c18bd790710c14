import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startEmbedded } from './embedded.ts';

async function ask<T>(url: string, query: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query(query);
  await client.end();
  return rows as T[];
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

it('keeps its data, ends with clients connected, and gets over a kill and a stranger’s pid', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'skein-embedded-'));
  const directory = join(parent, 'data');
  const port = await freePort();
  const first = await startEmbedded(directory, port);
  await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await expect(ask(first.url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({
    code: '28P01',
  });
  const idle = new pg.Client({ connectionString: first.url });
  idle.on('error', () => {});
  await idle.connect();
  await first.stop();

  // A crash leaves the lock file; its number belongs to another process by now: this one.
  await writeFile(join(directory, 'postmaster.pid'), `${process.pid}\n${directory}\n`);
  const second = await startEmbedded(directory, port);
  expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);

  // Its parent died and left it running: the next start takes its place.
  const pid = (await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n')[0];
  const third = await startEmbedded(directory, port);
  expect((await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n')[0]).not.toBe(pid);
  expect(await ask(third.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  await third.stop();
  await rm(parent, { recursive: true });
});
