/**
 * Agrees on a pre-shared key with each peer, by ML-KEM through the tunnel, and renews it. A pure machine: told the time
 * and what was heard, it says what to send and which keys hold.
 *
 * Of a pair the one with the smaller id asks. A key counts for new handshakes only, and sessions outlive these by a
 * minute, so both ends need not change at one instant. What can go wrong is that only one of them did. The answerer
 * holds one key and never gives it up by itself: nobody can make a pair do without by keeping its packets back. So it is
 * the asker who, where the tunnel stays silent, tries what the answerer may hold: the new key, the former, none.
 */
import { createHash, createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { MapPeer } from '@skein/contract/agent/map.ts';
import type { Kem } from './kem.ts';
import type { PairMessage } from './message.ts';

/** What is remembered of a peer, base64. */
export interface SharedKey {
  key: string;
  /** Those before, newest first, any of which the peer may hold until it is known that it has the new one. */
  former: string[];
  /** The peer's WireGuard keys under which this was agreed. */
  wireguardKeys: string[];
}

export interface Step {
  say: PairMessage[];
  /** The key with this peer is another one now: remember it and set it, then say. */
  agreed?: SharedKey;
}

const RENEW_SECONDS = 3600;
/** After a start, and for a new peer: its tunnel needs a moment. */
const BEGIN_SECONDS = 3;
const FIRST_WAIT_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 300;
/** Confirmations in vain after which the question is put anew: the answerer may have started again. */
const MOST_CONFIRMS = 5;
/** A question is forgotten after this: its keys weigh more than all else that is kept of a peer. */
const ANSWER_SECONDS = 5;
/** One peer's questions are answered no faster. */
const ANSWER_EVERY_SECONDS = 1;
/** How long one key is tried on a silent tunnel: several handshakes, and more than the time between two looks. */
const TRY_SECONDS = { key: 30, other: 20 };
const MOST_FORMER = 3;

interface Asked {
  id: Buffer;
  publicKey: Buffer;
  privateKey: KeyObject;
  /** Once the answer came. */
  agreed: SharedKey | null;
  times: number;
  askedAt: number;
}
interface Pair {
  peer: MapPeer;
  asked: Asked | null;
  dueAt: number;
  failures: number;
  answered: { id: Buffer; question: string; reply: PairMessage; key: Buffer; at: number } | null;
  silentSince: number | null;
}

export class Exchange {
  readonly #self: { networkId: string; peerId: string };
  readonly #kem: Kem;
  readonly #random: (bytes: number) => Buffer;
  readonly #shared: Map<string, SharedKey>;
  readonly #pairs = new Map<string, Pair>();

  /** @param shared what is remembered from before, by peer id */
  constructor(
    self: { networkId: string; peerId: string },
    shared: ReadonlyMap<string, SharedKey>,
    tools: { kem: Kem; random: (bytes: number) => Buffer },
  ) {
    this.#self = self;
    this.#shared = new Map(shared);
    this.#kem = tools.kem;
    this.#random = tools.random;
  }

  /** The peers there are now. Answers whether what is to be remembered changed. */
  setPeers(peers: readonly MapPeer[], now: number): boolean {
    const ids = new Set(peers.map((peer) => peer.id));
    let changed = false;
    for (const id of this.#pairs.keys()) if (!ids.has(id)) this.#pairs.delete(id);
    for (const id of this.#shared.keys()) if (!ids.has(id)) changed = this.#shared.delete(id) || changed;
    for (const peer of peers) {
      const pair = this.#pairs.get(peer.id);
      if (pair) pair.peer = peer;
      else
        this.#pairs.set(peer.id, {
          peer,
          asked: null,
          dueAt: now + BEGIN_SECONDS * (1 + this.#fraction()),
          failures: 0,
          answered: null,
          silentSince: null,
        });
      const shared = this.#shared.get(peer.id);
      if (!shared) continue;
      const keys = wireguardKeysOf(peer);
      // A key nobody announced: the node was set up anew and has forgotten what it shared.
      if (!this.#asks(peer.id) && !keys.some((key) => shared.wireguardKeys.includes(key)))
        changed = this.#shared.delete(peer.id) || changed;
      else if (keys.join() !== shared.wireguardKeys.join()) {
        this.#shared.set(peer.id, { ...shared, wireguardKeys: keys });
        changed = true;
      }
    }
    return changed;
  }

  remembered(): ReadonlyMap<string, SharedKey> {
    return this.#shared;
  }

  /** The key to use with each peer now, base64; those with whom there is none are left out. */
  keys(now: number): Map<string, string> {
    const keys = new Map<string, string>();
    for (const [id, shared] of this.#shared) {
      const key = this.#tried(id, shared, now);
      if (key !== null) keys.set(id, key);
    }
    return keys;
  }

  /** Whether the tunnel is known to be silent although we send into it. */
  setSilent(peerId: string, isSilent: boolean, now: number): void {
    const pair = this.#pairs.get(peerId);
    if (!pair) return;
    if (!isSilent) {
      // Alive under what was tried: the question put now settles which key it is to be.
      if (pair.silentSince !== null && now - pair.silentSince > TRY_SECONDS.key) pair.dueAt = now;
      pair.silentSince = null;
    } else pair.silentSince ??= now;
  }

  #tried(peerId: string, shared: SharedKey, now: number): string | null {
    const since = this.#pairs.get(peerId)?.silentSince ?? null;
    if (since === null || !this.#asks(peerId)) return shared.key;
    const others = [...shared.former, null];
    const at = (now - since) % (TRY_SECONDS.key + others.length * TRY_SECONDS.other);
    if (at < TRY_SECONDS.key) return shared.key;
    return others[Math.floor((at - TRY_SECONDS.key) / TRY_SECONDS.other)] ?? null;
  }

  /** What is to be sent by now, to the peers whose tunnel is up: a question of no use costs its keys' memory. */
  due(now: number, up: ReadonlySet<string>): { to: string; message: PairMessage }[] {
    const saying: { to: string; message: PairMessage }[] = [];
    for (const [to, pair] of this.#pairs) {
      if (pair.asked && !pair.asked.agreed && now - pair.asked.askedAt > ANSWER_SECONDS) pair.asked = null;
      if (!this.#asks(to) || pair.dueAt > now || !up.has(to)) continue;
      if (!pair.asked || (pair.asked.agreed && pair.asked.times > MOST_CONFIRMS))
        pair.asked = { id: this.#random(16), ...this.#kem.generate(), agreed: null, times: 0, askedAt: now };
      const { asked } = pair;
      asked.times += 1;
      pair.failures += 1;
      const message = asked.agreed
        ? proof('confirm', asked.id, Buffer.from(asked.agreed.key, 'base64'))
        : { type: 'ask' as const, id: asked.id, body: asked.publicKey };
      const tries = asked.agreed ? asked.times : pair.failures;
      const wait = Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(tries - 1, 20));
      pair.dueAt = now + wait * (1 + 0.2 * this.#fraction());
      saying.push({ to, message });
    }
    return saying;
  }

  /** When `due` should next be asked, in seconds; infinite where nothing is to come of it. */
  dueAt(up: ReadonlySet<string>): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [to, { asked, dueAt }] of this.#pairs) {
      if (asked && !asked.agreed) next = Math.min(next, asked.askedAt + ANSWER_SECONDS);
      if (this.#asks(to) && up.has(to)) next = Math.min(next, dueAt);
    }
    return next;
  }

  /** What follows from a message of a peer. */
  heard(from: string, message: PairMessage, now: number): Step {
    const pair = this.#pairs.get(from);
    if (!pair) return { say: [] };
    if (message.type === 'ask') return this.#answer(pair, message, now);
    if (message.type === 'confirm') return this.#confirmed(pair, message);
    if (!('id' in message) || !pair.asked?.id.equals(message.id)) return { say: [] };
    if (message.type === 'answer') return this.#answered(pair, pair.asked, message, now);
    const { agreed } = pair.asked;
    if (!agreed || !matches(message, proof('done', message.id, Buffer.from(agreed.key, 'base64'))))
      return { say: [] };
    pair.asked = null;
    pair.dueAt = now + RENEW_SECONDS * (0.8 + 0.4 * this.#fraction());
    return this.#keep(pair, agreed.key, []);
  }

  #answer(pair: Pair, message: PairMessage & { id: Buffer }, now: number): Step {
    if (this.#asks(pair.peer.id)) return { say: [] };
    const question = createHash('sha256').update(message.id).update(message.body).digest('hex');
    const last = pair.answered;
    if (last?.question === question) return { say: [last.reply] };
    if (last && now - last.at < ANSWER_EVERY_SECONDS) return { say: [] };
    try {
      const { shared, ciphertext } = this.#kem.encapsulate(message.body);
      const key = this.#derive(pair.peer.id, this.#self.peerId, shared, message.body, ciphertext);
      const reply: PairMessage = { type: 'answer', id: message.id, body: ciphertext };
      pair.answered = { id: message.id, question, reply, key, at: now };
      return { say: [reply] };
    } catch {
      // Not a key.
      return { say: [] };
    }
  }

  #answered(pair: Pair, asked: Asked, message: PairMessage, now: number): Step {
    if (asked.agreed) return { say: [] };
    const shared = this.#kem.decapsulate(asked.privateKey, message.body);
    const bytes = this.#derive(this.#self.peerId, pair.peer.id, shared, asked.publicKey, message.body);
    const held = this.#shared.get(pair.peer.id);
    const former = held ? [held.key, ...held.former] : [];
    // The oldest is the one that the peer was known to have.
    if (former.length > MOST_FORMER) former.splice(MOST_FORMER - 1, former.length - MOST_FORMER);
    const step = this.#keep(pair, bytes.toString('base64'), former);
    asked.agreed = step.agreed ?? null;
    asked.times = 1;
    pair.failures = 0;
    pair.dueAt = now + FIRST_WAIT_SECONDS;
    return { ...step, say: [proof('confirm', asked.id, bytes)] };
  }

  #confirmed(pair: Pair, message: PairMessage & { id: Buffer }): Step {
    const { answered } = pair;
    if (!answered?.id.equals(message.id)) return { say: [] };
    if (!matches(message, proof('confirm', answered.id, answered.key))) return { say: [] };
    const say = [proof('done', answered.id, answered.key)];
    const key = answered.key.toString('base64');
    if (this.#shared.get(pair.peer.id)?.key === key) return { say };
    return { ...this.#keep(pair, key, []), say };
  }

  #keep(pair: Pair, key: string, former: string[]): Step {
    const agreed = { key, former, wireguardKeys: wireguardKeysOf(pair.peer) };
    this.#shared.set(pair.peer.id, agreed);
    return { say: [], agreed };
  }

  #derive(asker: string, answerer: string, shared: Buffer, publicKey: Buffer, ciphertext: Buffer): Buffer {
    const salt = createHash('sha256').update(publicKey).update(ciphertext).digest();
    const info = ['skein psk v1', this.#self.networkId, asker, answerer].join('\n');
    return Buffer.from(hkdfSync('sha256', shared, salt, info, 32));
  }

  #asks(peerId: string): boolean {
    return this.#self.peerId < peerId;
  }

  #fraction(): number {
    return this.#random(4).readUInt32BE() / 2 ** 32;
  }
}

function wireguardKeysOf(peer: MapPeer): string[] {
  return peer.nextWireguardKey ? [peer.wireguardKey, peer.nextWireguardKey] : [peer.wireguardKey];
}

function proof(type: 'confirm' | 'done', id: Buffer, key: Buffer): PairMessage & { id: Buffer } {
  return { type, id, body: createHmac('sha256', key).update(type).update(id).digest() };
}

function matches(message: PairMessage, wanted: PairMessage): boolean {
  return message.type === wanted.type && timingSafeEqual(message.body, wanted.body);
}
