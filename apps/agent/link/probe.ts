/**
 * Tunnels to other peers, measured. This file: a UDP echo between agents over the overlay, whose round trip is the
 * tunnel's. One socket and one small packet each way serve all peers; no process, no raw socket.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { AgentFailure, wordsOf } from '../failure.ts';

const ASK = Buffer.from('skein?\n\0');
const ANSWER = Buffer.from('skein!\n\0');
const LENGTH = 16;
/** Rounds without an answer after which a round-trip time is no longer told. */
const SILENT_ROUNDS = 3;

export interface ProbeResult {
  /** Of the last answered probe. */
  rttMilliseconds: number;
  /** Milliseconds on the given clock. */
  answeredAt: number;
}

export interface Prober {
  /** Sends one probe to each address; earlier addresses that are not among them are forgotten. */
  probe(addresses: readonly string[]): void;
  /** The last answer of each address, for as long as it is not silent. */
  results(): ReadonlyMap<string, ProbeResult>;
  close(): void;
}

/**
 * Answers probes on `address` and sends our own. Replies are no larger than questions. Throws `address-taken`.
 * @param clock monotonic milliseconds
 */
export async function openProber(address: string, port: number, clock: () => number): Promise<Prober> {
  const sent = new Map<string, { nonce: Buffer; at: number; silent: number }>();
  const results = new Map<string, ProbeResult>();
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    if (message.length !== LENGTH) return;
    const nonce = message.subarray(ASK.length);
    if (message.subarray(0, ASK.length).equals(ASK)) {
      socket.send(Buffer.concat([ANSWER, nonce]), from.port, from.address, () => undefined);
      return;
    }
    const pending = sent.get(from.address);
    if (!message.subarray(0, ANSWER.length).equals(ANSWER) || !pending?.nonce.equals(nonce)) return;
    pending.silent = 0;
    const now = clock();
    results.set(from.address, { rttMilliseconds: round(now - pending.at), answeredAt: now });
  });
  await new Promise<void>((done, failed) => {
    socket.once('error', (error) =>
      failed(new AgentFailure('address-taken', `cannot probe from ${address}:${port}: ${wordsOf(error)}`)),
    );
    socket.bind(port, address, () => done());
  });
  socket.removeAllListeners('error').on('error', () => undefined);
  return {
    probe: (addresses) => {
      const wanted = new Set(addresses);
      for (const old of sent.keys()) {
        if (wanted.has(old)) continue;
        sent.delete(old);
        results.delete(old);
      }
      for (const to of wanted) {
        const silent = (sent.get(to)?.silent ?? 0) + 1;
        if (silent > SILENT_ROUNDS) results.delete(to);
        const nonce = randomBytes(LENGTH - ASK.length);
        sent.set(to, { nonce, at: clock(), silent });
        // Where there is no way the missing answer says so.
        socket.send(Buffer.concat([ASK, nonce]), port, to, () => undefined);
      }
    },
    results: () => results,
    close: () => socket.close(),
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
