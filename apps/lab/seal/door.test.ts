import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Door, DoorRefused, openDoor, serveDoor } from './door.ts';

let directory: string;
let target: Server;
const doors: Door[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-door-'));
  // Answers only once the caller has ended its direction: passes only where half-close does.
  target = createServer({ allowHalfOpen: true }, async (socket) => {
    const heard = await buffer(socket).catch(() => null);
    if (heard !== null) socket.end(createHash('sha256').update(heard).digest('hex'));
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
  await new Promise((resolve) => target.close(resolve));
  await rm(directory, { recursive: true });
});

const port = (server: Server) => (server.address() as AddressInfo).port;

async function bothHalves(): Promise<Door> {
  const socket = join(directory, 'd.sock');
  doors.push(await serveDoor({ socket, port: port(target) }));
  const door = await openDoor({ socket, port: 0 });
  doors.push(door);
  return door;
}

test('bytes go through both halves, and so does the end of one direction', async () => {
  const door = await bothHalves();
  const sent = randomBytes(3_000_000);
  const socket = connect({ host: '127.0.0.1', port: door.port, allowHalfOpen: true });
  socket.end(sent);
  expect((await buffer(socket)).toString()).toBe(createHash('sha256').update(sent).digest('hex'));
});

test('a caller whose target is not there is hung up on', async () => {
  const socket = join(directory, 'd.sock');
  const door = await openDoor({ socket, port: 0 });
  doors.push(door);
  const caller = connect({ host: '127.0.0.1', port: door.port });
  caller.on('error', () => {});
  await new Promise((resolve) => caller.once('close', resolve));
});

test('a broken caller breaks the other side too', async () => {
  const seen: Promise<string> = new Promise((resolve) => {
    target.removeAllListeners('connection');
    target.on('connection', (socket) => {
      socket.write('hello');
      socket.on('error', () => {});
      socket.resume().once('end', () => socket.end());
      socket.once('close', () => resolve('closed'));
    });
  });
  const door = await bothHalves();
  const caller = connect({ host: '127.0.0.1', port: door.port });
  caller.once('data', () => caller.resetAndDestroy());
  expect(await seen).toBe('closed');
});

test('a busy port and a path too long are said clearly; a stale socket file is replaced', async () => {
  await expect(openDoor({ port: port(target), socket: join(directory, 'd.sock') })).rejects.toThrow(
    `Port ${port(target)} of 127.0.0.1 is taken by another process.`,
  );
  await expect(serveDoor({ port: 1, socket: `/${'x'.repeat(120)}` })).rejects.toThrow(DoorRefused);
  await bothHalves();
  await bothHalves();
});
