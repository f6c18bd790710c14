/** What a worker writes when all goes well: there is none beside the browser's dashboard. */
import type { Context } from '@skein/control/context.ts';
import { openDatabase } from '@skein/database/client.ts';
import type { Fixture } from './fixture.ts';
import { hold } from './seed/books.ts';
import { finish } from './seed/operation.ts';

/** Every open operation of the network ends well, and all is there that it makes. @returns how many there were */
export async function endOperations(fixture: Fixture, networkId: string): Promise<number> {
  const database = openDatabase(fixture.databaseUrl);
  try {
    const { organizationId } = fixture;
    const open = await database.operation.findMany({
      where: { networkId, organizationId, finishedAt: null },
      select: { id: true },
    });
    const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
    const of = { database, random, actor: { organizationId } };
    for (const { id } of open) await finish(of, id);
    await hold(of, networkId);
    return open.length;
  } finally {
    await database.$disconnect();
  }
}
