/** Hears questions over UDP and TCP on one address. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { AgentFailure, wordsOf } from '../failure.ts';
import { frame, type Transport, takeMessage } from './ask.ts';

export type Handle = (query: Buffer, source: string, transport: Transport) => Promise<Buffer | undefined>;
export interface NameServer {
  close(): Promise<void>;
}

const IDLE_SECONDS = 10;
const MOST_CONNECTIONS = 100;
/** Questions answered at one time; more are dropped, and the asker asks again. */
const MOST_AT_ONCE = 500;

/** Binds `address`. Throws `address-taken` where another program holds the port. */
export async function serveNames(address: string, port: number, handle: Handle): Promise<NameServer> {
  let running = 0;
  const answer = async (query: Buffer, source: string, transport: Transport) => {
    if (running >= MOST_AT_ONCE) return undefined;
    running += 1;
    try {
      return await handle(query, source, transport);
    } catch {
      // Bytes of strangers pass through here: what cannot be rendered again gets no answer, and ends nothing.
      return undefined;
    } finally {
      running -= 1;
    }
  };

  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    void answer(query, from.address, 'udp').then((reply) => {
      // The asker may be gone, and then there is nobody to tell.
      if (reply) udp.send(reply, from.port, from.address, () => undefined);
    });
  });
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    serveStream(socket, answer);
    socket.on('close', () => sockets.delete(socket));
  });
  tcp.maxConnections = MOST_CONNECTIONS;

  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([
      new Promise<void>((done) => tcp.close(() => done())),
      new Promise<void>((done) => udp.close(() => done())),
    ]);
  };
  try {
    await new Promise<void>((done, failed) => {
      udp.once('error', failed);
      udp.bind(port, address, () => done());
    });
    const bound = udp.address().port;
    await new Promise<void>((done, failed) => {
      tcp.once('error', failed);
      tcp.listen(bound, address, () => done());
    });
  } catch (error) {
    await close().catch(() => undefined);
    throw new AgentFailure('address-taken', `cannot answer names on ${address}:${port}: ${wordsOf(error)}`);
  }
  udp.removeAllListeners('error').on('error', () => undefined);
  return { close };
}

function serveStream(
  socket: Socket,
  answer: (query: Buffer, source: string, transport: Transport) => Promise<Buffer | undefined>,
): void {
  let buffer: Buffer = Buffer.alloc(0);
  socket.setTimeout(IDLE_SECONDS * 1000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (let next = takeMessage(buffer); next; next = takeMessage(buffer)) {
      buffer = next.rest;
      void answer(Buffer.from(next.bytes), socket.remoteAddress ?? '', 'tcp').then((reply) => {
        if (reply && socket.writable) socket.write(frame(reply));
        else socket.destroy();
      });
    }
  });
}
