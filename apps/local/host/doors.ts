/** The host's halves of the doors: one port of 127.0.0.1 for each of the inside's. */
import { type Door, openDoor } from '@skein/lab/seal/door.ts';
import { DOORS, FIRST_PORT } from '../config.ts';
import { doorSocket, type Stand } from '../inside/stand.ts';

/** @throws Error that says what to do when a port is taken */
export async function startDoors(stand: Stand): Promise<{ close(): Promise<unknown> }> {
  const doors: Door[] = [];
  for (const [index, name] of DOORS.entries()) {
    try {
      doors.push(await openDoor({ port: FIRST_PORT + index, socket: doorSocket(stand, name) }));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${why} SKEIN_PORT sets the first of five ports, for example SKEIN_PORT=17400.`, {
        cause: error,
      });
    }
  }
  return { close: () => Promise.all(doors.map((door) => door.close())) };
}
