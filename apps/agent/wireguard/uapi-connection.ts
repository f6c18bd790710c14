/** One lasting connection to wireguard-go's UAPI socket. Its end says at once that the process is gone. */
import { connect, type Socket } from 'node:net';
import { AgentFailure } from '../failure.ts';

export interface UapiConnection {
  /** Sends one request (ending in an empty line), answers its lines. Throws `device-failed` on an error number. */
  ask(request: string): Promise<string>;
  close(): void;
}

const LIMIT_SECONDS = 10;

/**
 * Connects. Throws `device-failed` where nobody listens.
 * @param onGone called once when the other side ended the connection, not after `close`
 */
export async function openUapi(path: string, onGone: () => void): Promise<UapiConnection> {
  const socket = await connected(path);
  let waiting: { resolve(text: string): void; reject(error: Error): void } | undefined;
  let buffer = '';
  let closed = false;
  let queue: Promise<unknown> = Promise.resolve();
  const fail = (why: string) => {
    waiting?.reject(new AgentFailure('device-failed', why));
    waiting = undefined;
  };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    buffer += text;
    if (!buffer.endsWith('\n\n')) return;
    const answer = buffer;
    buffer = '';
    const code = /errno=(-?\d+)\n\n$/.exec(answer)?.[1];
    if (code !== '0') return fail(`wireguard-go refused with error number ${code}`);
    waiting?.resolve(answer);
    waiting = undefined;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    fail('wireguard-go ended');
    if (closed) return;
    closed = true;
    onGone();
  });

  const askNow = (request: string) =>
    new Promise<string>((resolve, reject) => {
      if (closed) return reject(new AgentFailure('device-failed', 'wireguard-go ended'));
      const timer = setTimeout(() => {
        fail(`wireguard-go did not answer within ${LIMIT_SECONDS} s`);
        socket.destroy();
      }, LIMIT_SECONDS * 1000);
      const settle =
        <T>(done: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          done(value);
        };
      waiting = { resolve: settle(resolve), reject: settle(reject) };
      socket.write(request);
    });

  return {
    ask: (request) => {
      const answer = queue.then(() => askNow(request));
      queue = answer.catch(() => undefined);
      return answer;
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => reject(new AgentFailure('device-failed', `${path}: ${error.message}`)));
  });
}
