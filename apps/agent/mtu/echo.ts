/**
 * Padded probes over a tunnel: a UDP echo on the overlay address, whose questions are as large as asked for and whose
 * answers are small, so that each side learns what it may send. The socket's port has a routing rule of its own
 * (`way.ts`): its packets are never cut to the MTU in use.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { AgentFailure, wordsOf } from '../failure.ts';

const ASK = Buffer.from('skein>\n\0');
const ANSWER = Buffer.from('skein<\n\0');
const NONCE_BYTES = 8;
/** Mark, nonce, and the size asked about; behind it, where there is room, where the asker's sealed packets come from. */
const ANSWER_BYTES = ANSWER.length + NONCE_BYTES + 2;
const LONGEST_ENDPOINT = '255.255.255.255:65535'.length;
/** Between probes: a burst would lose its tail, the largest, in a queue that traffic fills. */
const GAP_MILLISECONDS = 5;
/** IPv4 and UDP headers, which are part of the size asked about. */
const HEADER_BYTES = 28;

export interface Echo {
  /**
   * Sends `copies` probes of each size and waits until every size was answered, at most `milliseconds`.
   * @returns each answered size with its quickest round trip in milliseconds
   */
  ask(
    address: string,
    sizes: readonly number[],
    copies: number,
    milliseconds: number,
  ): Promise<ReadonlyMap<number, number>>;
  /** Where the peer of that address last said that it sees our sealed packets come from. */
  seenBy(address: string): string | null;
  close(): void;
}

/**
 * Answers on `address` and asks others. Throws `address-taken`.
 * @param clock monotonic milliseconds
 * @param endpointOf where the sealed packets of the peer of an overlay address come from
 */
export async function openEcho(
  address: string,
  port: number,
  clock: () => number,
  endpointOf: (address: string) => string | null,
): Promise<Echo> {
  const waiting = new Map<string, (from: string, size: number) => void>();
  const seen = new Map<string, string>();
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    if (message.length < ANSWER_BYTES) return;
    const mark = message.subarray(0, ASK.length);
    const nonce = message.subarray(ASK.length, ASK.length + NONCE_BYTES);
    if (mark.equals(ASK)) {
      const size = Buffer.alloc(2);
      size.writeUInt16BE(message.length + HEADER_BYTES);
      // An answer is never larger than its question.
      const room = message.length >= ANSWER_BYTES + LONGEST_ENDPOINT;
      const place = (room && endpointOf(from.address)) || '';
      // IPv6 has no NAT to learn of.
      const endpoint = Buffer.from(place.startsWith('[') ? '' : place);
      const answer = Buffer.concat([ANSWER, nonce, size, endpoint]);
      socket.send(answer, from.port, from.address, () => undefined);
    } else if (mark.equals(ANSWER) && message.length <= ANSWER_BYTES + LONGEST_ENDPOINT) {
      const asker = waiting.get(nonce.toString('hex'));
      const told = message.subarray(ANSWER_BYTES).toString('latin1');
      if (asker && /^[\d.]+:\d+$/.test(told)) seen.set(from.address, told);
      asker?.(from.address, message.readUInt16BE(ASK.length + NONCE_BYTES));
    }
  });
  await new Promise<void>((done, failed) => {
    socket.once('error', (error) =>
      failed(new AgentFailure('address-taken', `cannot listen on ${address}:${port}: ${wordsOf(error)}`)),
    );
    socket.bind(port, address, () => done());
  });
  socket.removeAllListeners('error').on('error', () => undefined);
  return {
    ask: (to, sizes, copies, milliseconds) =>
      new Promise((resolve) => {
        const nonce = randomBytes(NONCE_BYTES);
        const answered = new Map<number, number>();
        const wanted = new Set(sizes);
        const name = nonce.toString('hex');
        const finish = () => {
          clearTimeout(timer);
          waiting.delete(name);
          resolve(answered);
        };
        const timer = setTimeout(finish, milliseconds);
        const sentAt = new Map<number, number>();
        waiting.set(name, (from, size) => {
          if (from !== to || !wanted.has(size) || answered.has(size)) return;
          answered.set(size, clock() - (sentAt.get(size) ?? clock()));
          if (answered.size === wanted.size) finish();
        });
        const probes = Array.from({ length: copies }, () => [...wanted]).flat();
        const send = () => {
          const size = probes.shift();
          if (size === undefined || !waiting.has(name)) return;
          if (!answered.has(size)) {
            sentAt.set(size, clock());
            const bytes = Math.max(ANSWER_BYTES, size - HEADER_BYTES);
            // One too large for the interface fails here, and is as good as lost.
            socket.send(Buffer.concat([ASK, nonce], bytes), port, to, () => undefined);
          }
          if (probes.length > 0) setTimeout(send, GAP_MILLISECONDS);
        };
        send();
      }),
    seenBy: (of) => seen.get(of) ?? null,
    close: () => {
      for (const name of waiting.keys()) waiting.delete(name);
      socket.close();
    },
  };
}
