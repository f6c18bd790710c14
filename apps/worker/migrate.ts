/** Brings the database that `DATABASE_URL` names up to date, and ends. Run before the other processes start. */
import { migrate } from '@skein/database/migrate.ts';
import { readDatabaseUrl } from './config.ts';

try {
  const applied = await migrate(readDatabaseUrl());
  process.stdout.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'nothing to apply\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
