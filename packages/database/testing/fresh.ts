/** For tests: a migrated database of a suite's own, and rows to start from. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../client.ts';
import { migrate } from '../migrate.ts';

export interface FreshDatabase {
  url: string;
  database: Database;
  /** Disconnects and drops the database, ending connections that others still hold. */
  drop(): Promise<void>;
}

/** Makes an empty, migrated database on the server that `serverUrl` (vitest's `inject('databaseUrl')`) names. */
export async function freshDatabase(serverUrl: string): Promise<FreshDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl, `CREATE DATABASE "${name}"`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  const database = openDatabase(url.href);
  return {
    url: url.href,
    database,
    drop: async () => {
      await database.$disconnect();
      await onServer(serverUrl, `DROP DATABASE "${name}" WITH (FORCE)`);
    },
  };
}

/** An organization of its own name; answers its id. */
export async function makeOrganization(database: Database, name = 'Test'): Promise<string> {
  const id = `org_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  await database.organization.create({ data: { id, name, slug: id.replace('_', '-') } });
  return id;
}

async function onServer(serverUrl: string, statement: string) {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
