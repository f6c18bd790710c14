import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Prisma } from './generated/client.ts';
import { migrate } from './migrate.ts';
import { CHANNEL, listen, notify } from './notify.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from './testing/fresh.ts';

let fresh: FreshDatabase;
let directory: string;
beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  directory = await mkdtemp(join(tmpdir(), 'skein-migrations-'));
});
afterAll(async () => {
  await fresh.drop();
  await rm(directory, { recursive: true });
});

async function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  return work(client).finally(() => client.end());
}

describe('migrations', () => {
  it('are applied once, however many start at the same time', async () => {
    const empty = await freshEmpty();
    const applied = await Promise.all([migrate(empty.url), migrate(empty.url), migrate(empty.url)]);
    expect(applied.flat().length).toBeGreaterThan(0);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    await empty.drop();
  });

  it('keep `$$` bodies whole, roll a broken one back, and refuse a changed or unknown one', async () => {
    const empty = await freshEmpty();
    const write = async (name: string, sql: string) => {
      await mkdir(join(directory, name), { recursive: true });
      await writeFile(join(directory, name, 'migration.sql'), sql);
    };
    await write(
      '1_function',
      'CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; SELECT 2; $$ LANGUAGE sql;',
    );
    expect(await migrate(empty.url, directory)).toEqual(['1_function']);
    await write('2_broken', 'CREATE TABLE u (a int); SELECT nonsense();');
    await expect(migrate(empty.url, directory)).rejects.toMatchObject({ code: 'failed' });
    await write('2_broken', 'CREATE TABLE u (a int);');
    expect(await migrate(empty.url, directory)).toEqual(['2_broken']);
    await write('1_function', 'CREATE TABLE other (a int);');
    await expect(migrate(empty.url, directory)).rejects.toMatchObject({ code: 'changed-after-use' });
    await rm(join(directory, '1_function'), { recursive: true });
    await expect(migrate(empty.url, directory)).rejects.toMatchObject({ code: 'database-is-newer' });
    await empty.drop();
  });

  it('hold every column that the schema names', async () => {
    const { database } = fresh;
    for (const model of Object.values(Prisma.ModelName)) {
      const name = (model.charAt(0).toLowerCase() + model.slice(1)) as Uncapitalize<Prisma.ModelName>;
      const table = database[name] as unknown as { findFirst(): Promise<unknown> };
      await expect(table.findFirst(), model).resolves.toBeDefined();
    }
  });

  it('leave names and ranges of the dead free, and no others', async () => {
    const { database } = fresh;
    const organizationId = await makeOrganization(database);
    const row = (id: string) => ({
      id,
      organizationId,
      name: 'shop',
      zone: 'shop.skein.test',
      cidr: '100.64.0.0/16',
      mapPublicKey: '',
      mapPrivateKeySealed: new Uint8Array(1),
    });
    await database.network.create({ data: { ...row('net_1'), deletedAt: new Date() } });
    await database.network.create({ data: row('net_2') });
    await expect(database.network.create({ data: row('net_3') })).rejects.toMatchObject({ code: 'P2002' });
  });
});

describe('notifications', () => {
  it('come after the commit, and not at all after a rollback', async () => {
    const heard: string[] = [];
    const listener = await listen(fresh.url, CHANNEL.operation, (payload) => heard.push(payload));
    await fresh.database
      .$transaction(async (tx) => {
        await notify(tx, CHANNEL.operation, 'rolled back');
        throw new Error('no');
      })
      .catch(() => {});
    await fresh.database.$transaction((tx) => notify(tx, CHANNEL.operation, 'committed'));
    await expect.poll(() => heard).toEqual(['committed']);
    await listener.close();
  });

  it('go on after the connection was lost, which is told', async () => {
    const heard: string[] = [];
    let gaps = 0;
    const listener = await listen(
      fresh.url,
      CHANNEL.revision,
      (payload) => heard.push(payload),
      () => {
        gaps += 1;
      },
    );
    const killed = await withClient((client) =>
      client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%revision%'`,
      ),
    );
    expect(killed.rowCount).toBe(1);
    await expect.poll(() => gaps, { timeout: 10_000 }).toBe(1);
    await notify(fresh.database, CHANNEL.revision, 'still here');
    await expect.poll(() => heard).toEqual(['still here']);
    await listener.close();
  });
});

/** A database without any table. */
async function freshEmpty(): Promise<FreshDatabase> {
  const made = await freshDatabase(inject('databaseUrl'));
  const client = new pg.Client({ connectionString: made.url });
  await client.connect();
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await client.end();
  return made;
}
