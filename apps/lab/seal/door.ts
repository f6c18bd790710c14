/** The door of the sealed place: a port of 127.0.0.1 on the host leads through a Unix socket to the same inside. */
import { chmod, rm } from 'node:fs/promises';
import {
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net';

/** A door that cannot be opened; `message` says why and what to do. */
export class DoorRefused extends Error {
  readonly code = 'door_refused';
}

export interface Door {
  /** The port it stands on, or the one it leads to. */
  port: number;
  /** Ends all that goes through it. */
  close(): Promise<void>;
}

/** The kernel's limit for a Unix socket's path (sun_path), less its ending zero. */
const PATH_BYTES = 107;

/** The host's half: listens on 127.0.0.1:`port` (0: any free one). Throws DoorRefused when the port is taken. */
export async function openDoor(options: { port: number; socket: string }): Promise<Door> {
  checkPath(options.socket);
  const server = between({ path: options.socket });
  const port = await listening(
    server.server,
    { host: '127.0.0.1', port: options.port },
    `Port ${options.port} of 127.0.0.1`,
  );
  return { port, close: server.close };
}

/** The inner half: listens on the Unix socket and leads to 127.0.0.1:`port` in the place it runs in. */
export async function serveDoor(options: { port: number; socket: string }): Promise<Door> {
  checkPath(options.socket);
  const server = between({ host: '127.0.0.1', port: options.port });
  // A socket file left by a killed process would make the address look taken.
  await rm(options.socket, { force: true });
  await listening(server.server, { path: options.socket }, `The socket ${options.socket}`);
  await chmod(options.socket, 0o600);
  return { port: options.port, close: server.close };
}

function checkPath(path: string): void {
  if (Buffer.byteLength(path) > PATH_BYTES)
    throw new DoorRefused(
      `The path ${path} is too long for a socket (${PATH_BYTES} bytes at most): use a shorter state directory.`,
    );
}

function between(target: NetConnectOpts): { server: Server; close(): Promise<void> } {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true } as NetConnectOpts);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      open.add(one);
      // `pipe` hands on backpressure and the end of one direction; a break of either breaks the other.
      one.pipe(other);
      one.once('error', () => other.destroy());
      one.once('close', () => {
        open.delete(one);
        if (one.errored || !one.readableEnded) other.destroy();
      });
    } // biome-ignore format: two ends, one line
  });
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function listening(server: Server, where: ListenOptions, what: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is taken by another process'
          : `cannot be used (${error.code ?? error.message})`;
      reject(new DoorRefused(`${what} ${why}.`, { cause: error }));
    });
    server.listen(where, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
