/**
 * Talking to a name server over TCP: whole messages in and out, bounded in time and size. TCP alone: a transfer needs
 * it anyway, an update may be long, and an answer that is lost shows.
 */
import { connect } from 'node:net';
import { DnsError } from '../provider.ts';
import { type Message, parseMessage } from './wire.ts';

export interface Server {
  host: string;
  port: number;
}

const MOST_BYTES = 64 * 1024 * 1024;
export const serverName = ({ host, port }: Server) => (port === 53 ? host : `${host}:${port}`);

/**
 * Sends one message and hands on each that comes back, until `take` answers that it was the last.
 * @throws DnsError `timeout`, `unavailable`; what `take` throws; the signal's reason when it fires.
 */
export async function exchange(
  server: Server,
  request: Buffer,
  take: (message: Message) => 'last' | 'more',
  limits: { seconds: number; signal: AbortSignal },
): Promise<void> {
  limits.signal.throwIfAborted();
  const late = AbortSignal.timeout(limits.seconds * 1000);
  const socket = connect({ host: server.host, port: server.port });
  const stop = () => socket.destroy();
  const signal = AbortSignal.any([limits.signal, late]);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(request.length);
    socket.write(Buffer.concat([length, request]));
    let held = Buffer.alloc(0);
    let read = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      read += chunk.length;
      if (read > MOST_BYTES)
        throw new DnsError('invalid', `Name server ${serverName(server)} answered with more than 64 MB.`);
      held = Buffer.concat([held, chunk]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        const message = parseMessage(held.subarray(2, end));
        held = held.subarray(end);
        // An answer to somebody else's question is none.
        if (message.id !== request.readUInt16BE(0)) continue;
        if (take(message) === 'last') return;
      }
    }
    signal.throwIfAborted();
    throw new DnsError('unavailable', `Name server ${serverName(server)} hung up before it had answered.`);
  } catch (error) {
    limits.signal.throwIfAborted();
    if (late.aborted)
      throw new DnsError(
        'timeout',
        `Name server ${serverName(server)} gave no answer within ${limits.seconds} s.`,
      );
    const { code } = error as { code?: string };
    if (error instanceof DnsError || !/^E[A-Z_]+$/.test(code ?? '')) throw error;
    throw new DnsError(
      'unavailable',
      `Name server ${serverName(server)}: no connection over TCP (${code}).`,
      {
        remedy: 'See that the server listens there, for TCP too, and that no firewall is between.',
      },
    );
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}
