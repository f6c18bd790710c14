/**
 * One connected agent. At most one map frame is on its way; what changes meanwhile is one mark, not a queue, so a slow
 * agent costs no more memory than a quick one and is sent one delta from what it holds.
 */
import { CLOSE, FromAgent, type ToAgent } from '@skein/contract/agent/channel.ts';
import type { KubernetesQuestion, KubernetesReply } from '@skein/contract/agent/kubernetes.ts';
import type { PathAnswer, PathQuestion } from '@skein/contract/agent/path.ts';
import type { ExportsFrame, FollowFrame, HealthFrame, ServicesNews } from '@skein/contract/agent/service.ts';
import type { Snapshot } from '@skein/mesh/network.ts';
import type { RawData, WebSocket } from 'ws';
import type { Listener, Room, Update } from '../network/room.ts';
import { parseUntrusted } from '../untrusted-json.ts';

/** Whole maps that one channel may ask for again: an agent in need of more is broken. */
const MOST_RESYNCS = 20;
/** Announcements of keys in one channel: at a rotation a day, half a year of it. */
const MOST_KEYS = 500;
/** Questions of one kind that may wait at once. */
const MOST_ASKED = 8;
/**
 * What one agent may say at once, and each second from then on: all organizations' agents share this process. The
 * greatest report, of 2,000 links, has about 600 KB and comes every 10 s.
 */
const BURST_BYTES = 16 * 1024 * 1024;
const BYTES_PER_SECOND = 1024 * 1024;

export interface AgentEvents {
  report(channel: AgentChannel, report: Extract<FromAgent, { type: 'report' }>): void;
  leave(channel: AgentChannel): void;
  /** Each with a greater serial than the one before. */
  keys(channel: AgentChannel, frame: Extract<FromAgent, { type: 'keys' }>): void;
  /** Answers a question of ours, and once alone. */
  path(channel: AgentChannel, id: string, answer: PathAnswer): void;
  /** What its cluster exports, in the order in which it was said. */
  exports(channel: AgentChannel, frame: ExportsFrame): void;
  follow(channel: AgentChannel, frame: FollowFrame): void;
  health(channel: AgentChannel, frame: HealthFrame): void;
  /** Answers a question of ours about the node's cluster, and once alone. */
  kubernetes(channel: AgentChannel, id: string, reply: KubernetesReply): void;
  closed(channel: AgentChannel): void;
}

export class AgentChannel implements Listener {
  readonly peerId: string;
  readonly clusterId: string;
  readonly networkId: string;
  readonly remoteAddress: string | null;
  /** When it was last heard, in the clock of `performance.now()`. */
  heardAt: number;
  /** Since when a frame has been on its way, or null. */
  sendingSince: number | null = null;
  readonly #socket: WebSocket;
  readonly #room: Room;
  readonly #events: AgentEvents;
  /** What the agent's hello said: a removal must name it. */
  readonly #nonce: string;
  /** Number of the map that the agent holds once what was sent has arrived. */
  #number = -1;
  /** The snapshot behind that map, kept only while the agent is behind. */
  #held: Snapshot | null = null;
  #resyncs = 0;
  #keysSerial = 0;
  #servicesSerial = 0;
  /** Questions about paths that wait for an answer, oldest first. */
  readonly #asked = new Set<string>();
  /** The same about the node's Kubernetes cluster. */
  readonly #askedOfKubernetes = new Set<string>();
  #mayStillSay = BURST_BYTES;
  #saidAt = performance.now();
  #over = false;

  constructor(
    socket: WebSocket,
    room: Room,
    who: { peerId: string; clusterId: string; remoteAddress: string | null; nonce: string },
    events: AgentEvents,
  ) {
    this.#socket = socket;
    this.#room = room;
    this.#events = events;
    this.#nonce = who.nonce;
    this.peerId = who.peerId;
    this.clusterId = who.clusterId;
    this.networkId = room.networkId;
    this.remoteAddress = who.remoteAddress;
    this.heardAt = performance.now();
    const heard = () => {
      this.heardAt = performance.now();
    };
    socket.on('ping', heard);
    socket.on('pong', heard);
    socket.on('message', (data, isBinary) => this.take(data, isBinary));
    socket.on('close', () => {
      this.#over = true;
      this.#held = null;
      this.#events.closed(this);
    });
  }

  /** Sends what a newly connected agent lacks. */
  start(have: { number: number; digest: string } | null): void {
    if (have) this.#number = have.number;
    this.#send(have ? this.#room.resume(this, have) : this.#room.whole(this));
  }

  changed(before: Snapshot): void {
    // Before `start` nothing was sent: it will begin from the newest anyway.
    if (this.#over || this.#number < 0) return;
    if (this.sendingSince !== null) this.#held ??= before;
    else this.#send(this.#room.since(this, before, this.#number));
  }

  removed(reason: string): void {
    this.#say({ type: 'removed', signed: this.#room.removal(this.peerId, this.#nonce, reason) });
    this.close(CLOSE.removed, 'removed');
  }

  /** Asks about a path. An agent that never answers is asked on, but only the last questions count. */
  ask(question: PathQuestion): void {
    noteAsked(this.#asked, question.id);
    this.#say({ type: 'path-test', question });
  }

  /** Tells news of services; `sent` is called when they have left. */
  services(news: Pick<ServicesNews, 'changes' | 'upTo' | 'kubernetes' | 'checks'>, sent: () => void): void {
    this.#servicesSerial += 1;
    const serial = this.#servicesSerial;
    const signed = this.#room.services({ peerId: this.peerId, nonce: this.#nonce, serial, ...news });
    this.#say({ type: 'services', signed }, sent);
  }

  /** Changes of exports came that follow nothing known. */
  exportsUnknown(session: string): void {
    this.#say({ type: 'exports-unknown', session });
  }

  askKubernetes(id: string, question: KubernetesQuestion): void {
    noteAsked(this.#askedOfKubernetes, id);
    this.#say({ type: 'kubernetes-request', id, question });
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#over = true;
    this.#socket.close(code, reason);
  }

  /** Ends a connection of which nothing is expected any more. */
  terminate(): void {
    this.#socket.terminate();
  }

  #send(update: Update): void {
    if (update.kind === 'removed') this.removed('The peer was removed.');
    if (update.kind !== 'send') return;
    this.#number = update.number;
    this.sendingSince = performance.now();
    this.#say({ type: 'map', signed: update.signed }, () => {
      this.sendingSince = null;
      const held = this.#held;
      this.#held = null;
      if (held && !this.#over) this.#send(this.#room.since(this, held, this.#number));
    });
  }

  #say(frame: ToAgent, sent?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    // An error here is followed by `close`, which is where it is dealt with.
    this.#socket.send(JSON.stringify(frame), () => sent?.());
  }

  /**
   * The revision that an agent has come to by applying the map of this number. A map that later revisions left as it
   * was, or changed and changed back, is not sent again: it is that of the newest revision too.
   */
  #upTo(applied: number | null): number | null {
    const holdsNewest = this.sendingSince === null && this.#held === null;
    return applied === this.#number && holdsNewest ? this.#room.number : applied;
  }

  #takeKeys(frame: Extract<FromAgent, { type: 'keys' }>): void {
    if (frame.serial <= this.#keysSerial || frame.serial > MOST_KEYS) {
      this.close(CLOSE.badFrame, 'keys out of turn');
      return;
    }
    this.#keysSerial = frame.serial;
    this.#events.keys(this, frame);
  }

  /** Takes what the agent sent. */
  take(data: RawData, isBinary: boolean): void {
    if (this.#over) return;
    const now = performance.now();
    const gained = ((now - this.#saidAt) / 1000) * BYTES_PER_SECOND;
    this.#mayStillSay = Math.min(BURST_BYTES, this.#mayStillSay + gained) - (data as Buffer).length;
    this.#saidAt = now;
    this.heardAt = now;
    if (this.#mayStillSay < 0) {
      this.close(CLOSE.badFrame, 'too much said');
      return;
    }
    const frame = isBinary ? undefined : parseFrame(data);
    if (!frame || frame.type === 'hello') this.close(CLOSE.badFrame, 'bad frame');
    else if (frame.type === 'report')
      this.#events.report(this, { ...frame, appliedNumber: this.#upTo(frame.appliedNumber) });
    else if (frame.type === 'leave') this.#events.leave(this);
    else if (frame.type === 'keys') this.#takeKeys(frame);
    else if (frame.type === 'exports') this.#events.exports(this, frame);
    else if (frame.type === 'services-follow') this.#events.follow(this, frame);
    else if (frame.type === 'service-health') this.#events.health(this, frame);
    else if (frame.type === 'path-answer') {
      if (this.#asked.delete(frame.id)) this.#events.path(this, frame.id, frame.answer);
    } else if (frame.type === 'kubernetes-answer') {
      if (this.#askedOfKubernetes.delete(frame.id)) this.#events.kubernetes(this, frame.id, frame.reply);
    } else if (this.#resyncs >= MOST_RESYNCS) this.close(CLOSE.badFrame, 'too many resyncs');
    else {
      this.#resyncs += 1;
      this.#held = null;
      this.#send(this.#room.whole(this));
    }
  }
}

function noteAsked(asked: Set<string>, id: string): void {
  asked.add(id);
  for (const oldest of asked) if (asked.size > MOST_ASKED) asked.delete(oldest);
}

/** A frame of the protocol, or undefined. */
export function parseFrame(data: RawData): FromAgent | undefined {
  try {
    const parsed = FromAgent.safeParse(parseUntrusted(String(data)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
