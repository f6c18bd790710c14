/**
 * The one way to the database: a Prisma client over `pg`. This room also migrates, notifies, and runs an embedded
 * Postgres where no other is named. Queries live in `packages/control`.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import { type Prisma, PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;
/** What `database.$transaction(async (tx) => …)` hands in. A `Database` fits where a `Transaction` is asked for. */
export type Transaction = Prisma.TransactionClient;

/** Statements longer than this are a mistake; the server ends them. */
const STATEMENT_TIMEOUT_MILLISECONDS = 30_000;

/** Opens no connection yet. Close with `database.$disconnect()`. */
export function openDatabase(url: string): Database {
  const adapter = new PrismaPg({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_TIMEOUT_MILLISECONDS,
    keepAlive: true,
  });
  const database = new PrismaClient({ adapter, transactionOptions: { maxWait: 10_000, timeout: 20_000 } });
  urls.set(database, url);
  return database;
}

const urls = new WeakMap<Database, string>();

/** The address that `database` was opened with: LISTEN needs a connection outside the pool. */
export function urlOf(database: Database): string {
  const url = urls.get(database);
  if (url === undefined) throw new Error('this database was not opened by openDatabase');
  return url;
}
