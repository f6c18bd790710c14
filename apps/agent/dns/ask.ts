/** Asking another resolver, bytes for bytes: the question goes out as it came but for its id. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

export type Transport = 'udp' | 'tcp';
/** Asks one server. Answers undefined on silence, refusal of the connection or nonsense, never throws. */
export type Ask = (
  server: string,
  query: Buffer,
  transport: Transport,
  limitMilliseconds: number,
) => Promise<Buffer | undefined>;

const DNS_PORT = 53;

/** Over UDP a new port and a new random id each time, so that an answer cannot be forged by guessing. */
export const ask: Ask = async (server, query, transport, limitMilliseconds) => {
  if (query.length < 12) return undefined;
  const sent = Buffer.from(query);
  sent.writeUInt16BE(randomInt(65536), 0);
  const reply = await (transport === 'udp'
    ? askUdp(server, sent, limitMilliseconds)
    : askTcp(server, sent, limitMilliseconds));
  if (reply) query.copy(reply, 0, 0, 2);
  return reply;
};

function askUdp(server: string, query: Buffer, limitMilliseconds: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (reply: Buffer | undefined) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(() => finish(undefined), limitMilliseconds);
    socket.on('error', () => finish(undefined));
    // A connected socket hears its server alone.
    socket.on('message', (reply) => {
      if (matches(query, reply)) finish(reply);
    });
    socket.connect(DNS_PORT, server, () => socket.send(query));
  });
}

function askTcp(server: string, query: Buffer, limitMilliseconds: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(DNS_PORT, server);
    let buffer = Buffer.alloc(0);
    const finish = (reply: Buffer | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(() => finish(undefined), limitMilliseconds);
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      const message = takeMessage(buffer);
      if (message) finish(matches(query, message.bytes) ? Buffer.from(message.bytes) : undefined);
    });
    socket.write(frame(query));
  });
}

function matches(query: Buffer, reply: Buffer): boolean {
  return reply.length >= 12 && reply.readUInt16BE(0) === query.readUInt16BE(0) && (reply[2] ?? 0) >= 128;
}

/** A message as it goes over TCP: its length first (RFC 1035, 4.2.2). */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The first whole message of a TCP stream and what follows it, or undefined until it is whole. */
export function takeMessage(buffer: Buffer): { bytes: Buffer; rest: Buffer } | undefined {
  if (buffer.length < 2) return undefined;
  const end = 2 + buffer.readUInt16BE(0);
  return buffer.length < end ? undefined : { bytes: buffer.subarray(2, end), rest: buffer.subarray(end) };
}
