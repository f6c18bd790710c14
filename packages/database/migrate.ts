/**
 * Applies `prisma/migrations` without Prisma's schema engine, which would have to be downloaded. Keeps Prisma's own
 * book (`_prisma_migrations`), so that its tools agree with what was applied.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const DIRECTORY = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
/** The key that Prisma's own engine locks, so that both never migrate at once. */
const LOCK = 72707369;
const LONGEST_WAIT = '60s';

export class MigrationFailure extends Error {
  readonly code: 'changed-after-use' | 'database-is-newer' | 'failed';
  constructor(code: MigrationFailure['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MigrationFailure';
    this.code = code;
  }
}

/**
 * Brings the database up to date and answers the names of the migrations applied now. Each is one transaction.
 * Callers that start together wait for each other. Throws `MigrationFailure`.
 */
export async function migrate(url: string, directory = DIRECTORY): Promise<string[]> {
  const wanted = await read(directory);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = '${LONGEST_WAIT}'`);
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
    await client.query(BOOK);
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const known = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    refuseStrangers(known, wanted);
    const done: string[] = [];
    for (const migration of wanted) {
      if (known.has(migration.name)) continue;
      await apply(client, migration);
      done.push(migration.name);
    }
    return done;
  } finally {
    // Ending the session also lets the advisory lock go.
    await client.end();
  }
}

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

async function read(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

function refuseStrangers(known: ReadonlyMap<string, string>, wanted: readonly Migration[]) {
  for (const [name, checksum] of known) {
    const migration = wanted.find((one) => one.name === name);
    if (!migration)
      throw new MigrationFailure(
        'database-is-newer',
        `the database has the migration ${name}, which this version of Skein does not know: start the newer version`,
      );
    if (migration.checksum !== checksum)
      throw new MigrationFailure(
        'changed-after-use',
        `prisma/migrations/${name} was changed after it had been applied: bring the file back and add a new migration`,
      );
  }
}

async function apply(client: pg.Client, migration: Migration) {
  await client.query('BEGIN');
  try {
    // One simple query without parameters: the server splits it, so that `$$` bodies stay whole.
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationFailure(
      'failed',
      `the migration ${migration.name} failed and was rolled back: ${reason}`,
      error,
    );
  }
}

const BOOK = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
