/** What a worker writes when all goes well: there is none beside the browser's dashboard. */
import { openDatabase } from '@skein/database/client.ts';
import type { Fixture } from './fixture.ts';
import { finish } from './seed/operation.ts';

/** Every open operation of the network ends well. @returns how many there were */
export async function endOperations(fixture: Fixture, networkId: string): Promise<number> {
  const database = openDatabase(fixture.databaseUrl);
  try {
    const { organizationId } = fixture;
    const open = await database.operation.findMany({
      where: { networkId, organizationId, finishedAt: null },
      select: { id: true },
    });
    for (const { id } of open) await finish({ database, actor: { organizationId } }, id);
    return open.length;
  } finally {
    await database.$disconnect();
  }
}
