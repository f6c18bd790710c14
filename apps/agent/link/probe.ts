/**
 * Tunnels to other peers, measured. This file: a UDP echo between agents over the overlay, whose round trip is the
 * tunnel's. One socket and one small packet each way serve all peers; no process, no raw socket.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { AgentFailure, wordsOf } from '../failure.ts';
import { decodeMessage, encodeMessage, type Saying } from './message.ts';

/** Who asked us so long ago asks no more: three of the slowest rounds. */
const ASKING_MILLISECONDS = 35_000;
/** A question unanswered for so long takes the round trip before it back: nobody else may be asked for minutes. */
const UNANSWERED_MILLISECONDS = 25_000;
/** Probes of one address that may be under way: at the fastest pace more than any round trip takes. */
const MOST_UNDER_WAY = 64;

export interface ProbeResult {
  /** Of the last answered probe. */
  rttMilliseconds: number;
  /** Milliseconds on the given clock. */
  answeredAt: number;
}

export interface ProbeListener {
  /** Every answer, however late. `sentAt` is when its question went out. */
  onAnswer(address: string, sentAt: number, now: number): void;
  /** The state that a peer told, by asking or by answering. */
  onSaid(address: string, saying: Saying): void;
  /** A packet of this prober went to a peer or came from one; a negative count takes one back. */
  onPacket(address: string, direction: 'sent' | 'received', count: number): void;
}

export interface Prober {
  /** Sends one probe to each address. */
  probe(addresses: readonly string[]): void;
  /** What this agent says of itself from now on, with every packet. */
  say(saying: Saying): void;
  /** The last answer of each address, until a question has gone without one for 25 s. */
  results(): ReadonlyMap<string, ProbeResult>;
  /** Of these addresses the so many whose last question lies longest back, those never asked first. */
  longestUnasked(addresses: readonly string[], count: number): string[];
  /** Addresses that asked within the last 35 s: those to whom it matters what is said. */
  askers(): string[];
  /** Addresses that are not among these are forgotten. */
  keep(addresses: ReadonlySet<string>): void;
  close(): void;
}

interface Asked {
  /** Questions under way, oldest first. */
  underWay: { number: number; at: number }[];
  /** Since when there is a question without an answer to it or to a later one. */
  waitingSince?: number | undefined;
  askedAt?: number;
  result?: ProbeResult;
  askedUsAt?: number;
}

/**
 * Answers probes on `address` and sends our own. Throws `address-taken`.
 * @param clock monotonic milliseconds
 */
export async function openProber(
  address: string,
  port: number,
  clock: () => number,
  listener: ProbeListener,
): Promise<Prober> {
  const known = new Map<string, Asked>();
  // Answers to an earlier life of this agent are not ours.
  const salt = randomBytes(4);
  let counter = 0;
  let saying: Saying = { draining: false, unreachable: [] };
  const socket = createSocket('udp4');

  const send = (to: string, toPort: number, kind: 'ask' | 'answer', nonce: Buffer) => {
    listener.onPacket(to, 'sent', 1);
    // Where there is no way the missing answer says so.
    socket.send(encodeMessage({ kind, nonce, saying }), toPort, to, (error) => {
      if (error) listener.onPacket(to, 'sent', -1);
    });
  };
  const knownAt = (peer: string): Asked => {
    const asked = known.get(peer) ?? { underWay: [] };
    known.set(peer, asked);
    return asked;
  };

  socket.on('message', (bytes, from) => {
    const message = decodeMessage(bytes);
    if (!message) return;
    const now = clock();
    listener.onPacket(from.address, 'received', 1);
    const asked = knownAt(from.address);
    if (message.kind === 'ask') {
      asked.askedUsAt = now;
      send(from.address, from.port, 'answer', message.nonce);
    } else {
      const number = message.nonce.readUInt32BE(4);
      const question = asked.underWay.find((one) => one.number === number);
      if (!question || !message.nonce.subarray(0, 4).equals(salt)) return;
      asked.underWay = asked.underWay.filter((one) => one.at > question.at);
      asked.waitingSince = asked.underWay[0]?.at;
      asked.result = { rttMilliseconds: round(now - question.at), answeredAt: now };
      listener.onAnswer(from.address, question.at, now);
    }
    listener.onSaid(from.address, message.saying);
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
      for (const to of addresses) {
        const asked = knownAt(to);
        const { underWay } = asked;
        asked.askedAt = clock();
        asked.waitingSince ??= asked.askedAt;
        counter = (counter + 1) >>> 0;
        const nonce = Buffer.alloc(8);
        salt.copy(nonce);
        nonce.writeUInt32BE(counter, 4);
        underWay.push({ number: counter, at: asked.askedAt });
        if (underWay.length > MOST_UNDER_WAY) underWay.shift();
        send(to, port, 'ask', nonce);
      }
    },
    say: (now) => {
      saying = now;
    },
    results: () => {
      const since = clock() - UNANSWERED_MILLISECONDS;
      const results = new Map<string, ProbeResult>();
      for (const [peer, { result, waitingSince }] of known)
        if (result && (waitingSince ?? since) >= since) results.set(peer, result);
      return results;
    },
    longestUnasked: (addresses, count) => {
      const askedAt = (address: string) => known.get(address)?.askedAt ?? 0;
      return [...addresses].sort((a, b) => askedAt(a) - askedAt(b)).slice(0, count);
    },
    askers: () => {
      const since = clock() - ASKING_MILLISECONDS;
      return [...known].flatMap(([peer, { askedUsAt }]) =>
        askedUsAt !== undefined && askedUsAt >= since ? [peer] : [],
      );
    },
    keep: (addresses) => {
      for (const peer of known.keys()) if (!addresses.has(peer)) known.delete(peer);
    },
    close: () => socket.close(),
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
