/**
 * The agents' WebSocket: challenge, hello, then a channel in its network's room. Silence ends a channel; a second one
 * of the same agent replaces the first.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  CHANNEL_PATH,
  CHANNEL_TIMEOUT_SECONDS,
  CLOSE,
  MAX_FRAME_BYTES,
  type ToAgent,
} from '@skein/contract/agent/channel.ts';
import { answerKubernetesQuestion, kubernetesQuestionFor } from '@skein/control/kubernetes/answer.ts';
import { answerPathQuestion, pathQuestionFor } from '@skein/control/path-test/answer.ts';
import { announceKeys, type KeysFrame } from '@skein/control/peer/announce-keys.ts';
import { greetPeer } from '@skein/control/peer/connect.ts';
import type { ChannelContext } from '@skein/control/peer/enrol.ts';
import { leavePeer } from '@skein/control/peer/leave.ts';
import type { Sealer } from '@skein/control/secret/sealer.ts';
import { signRemoval } from '@skein/mesh/map/sign.ts';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { callerOf } from '../http/rate.ts';
import { say, wordsOf } from '../log.ts';
import type { Rooms } from '../network/rooms.ts';
import type { ServiceDesk } from '../service/desk.ts';
import { AgentChannel, parseFrame } from './agent-channel.ts';
import type { Inbox } from './inbox.ts';
import { Strangers } from './strangers.ts';

const HELLO_SECONDS = 10;
/** A report, what is followed, health, keys and exports: an agent says them all at once, and they may come in one packet. */
const MOST_EARLY = 8;
/** A hello has some hundred bytes. Only who has said a true one may send frames of the full size. */
const MOST_STRANGER_BYTES = 16 * 1024;
/** A whole site may come back at once from behind one NAT, when a coordinator starts again. */
const STRANGER_LIMIT = { inAll: 8192, fromOneAddress: 2048 };
const WATCH_MILLISECONDS = 5_000;
/** Every third of the timeout, so that two may be lost. */
const WATCHES_PER_PING = Math.floor((CHANNEL_TIMEOUT_SECONDS * 1000) / 3 / WATCH_MILLISECONDS);
/** How often `lastSeenAt` is written, in watches. */
const WATCHES_PER_SEEN = 6;

const AskedFor = z.object({ id: z.string(), peerId: z.string() });

interface Frame {
  data: RawData;
  isBinary: boolean;
}

export interface ChannelOptions {
  context: ChannelContext;
  sealer: Sealer;
  rooms: Rooms;
  inbox: Inbox;
  services: ServiceDesk;
}

export class ChannelServer {
  readonly #options: ChannelOptions;
  readonly #channels = new Set<AgentChannel>();
  // Compression would cost each connection more memory than all else together.
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });
  readonly #strangers = new Strangers(STRANGER_LIMIT);
  readonly #timer: NodeJS.Timeout;
  #watches = 0;

  constructor(server: Server, options: ChannelOptions) {
    this.#options = options;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#timer = setInterval(() => this.#watch(), WATCH_MILLISECONDS);
  }

  get size(): number {
    return this.#channels.size;
  }

  /** Ends every channel, with the code that makes agents come back, and waits a second for them to go. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) socket.close(1012, 'restart');
    const gone = new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Takes the payload of a `skein_path_question` notification; an agent that is connected elsewhere is asked there. */
  async asked(payload: string): Promise<void> {
    const news = AskedFor.safeParse(tryJson(payload)).data;
    const channel = news && [...this.#channels].find((one) => one.peerId === news.peerId);
    if (!news || !channel) return;
    const question = await pathQuestionFor(this.#options.context.database, news.id, news.peerId);
    if (question) channel.ask(question);
  }

  /** The same for `skein_kubernetes_question`. */
  async askedOfKubernetes(payload: string): Promise<void> {
    const news = AskedFor.safeParse(tryJson(payload)).data;
    const channel = news && [...this.#channels].find((one) => one.peerId === news.peerId);
    if (!news || !channel) return;
    const { context, sealer } = this.#options;
    const question = await kubernetesQuestionFor(context.database, sealer, news.id, news.peerId);
    if (question) channel.askKubernetes(news.id, question);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node takes its own listener away on an upgrade, and an error that nobody hears would end the process.
    socket.on('error', () => {});
    if ((request.url ?? '').split('?', 1)[0] !== CHANNEL_PATH) {
      turnAway(socket, '404 Not Found');
      return;
    }
    const known = this.#strangers.enter(callerOf(request.socket.remoteAddress));
    if (!known) {
      turnAway(socket, '503 Service Unavailable');
      return;
    }
    socket.once('close', known);
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted, request, known));
  }

  #accept(socket: WebSocket, request: IncomingMessage, known: () => void): void {
    const remoteAddress = ipv4(request.socket.remoteAddress);
    const nonce = Buffer.from(this.#nonce()).toString('base64');
    // ws closes the connection itself after an error; without a listener it would end the process.
    socket.on('error', () => {});
    const late = setTimeout(() => socket.close(CLOSE.notAuthentic, 'no hello'), HELLO_SECONDS * 1000);
    socket.once('close', () => clearTimeout(late));
    // Frames right behind the hello, in the same packet: they wait until the hello is checked.
    const early: Frame[] = [];
    let greeted = false;
    let strangerBytes = 0;
    // Runs behind the listener of ws: the hello that these bytes complete has been seen by then.
    const count = (bytes: Buffer) => {
      strangerBytes += bytes.length;
      if (greeted) request.socket.off('data', count);
      else if (strangerBytes > MOST_STRANGER_BYTES) socket.terminate();
    };
    request.socket.on('data', count);
    const listen = (data: RawData, isBinary: boolean) => {
      if (greeted) {
        if (early.length < MOST_EARLY) early.push({ data, isBinary });
        else socket.close(CLOSE.badFrame, 'too much too early');
        return;
      }
      greeted = true;
      clearTimeout(late);
      const hello = isBinary ? undefined : parseFrame(data);
      if (hello?.type !== 'hello') return socket.close(CLOSE.badFrame, 'hello expected');
      // What comes in later packets waits in the kernel.
      socket.pause();
      this.#greet(socket, nonce, hello, remoteAddress)
        .then((channel) => {
          // One who was refused keeps its place until its socket is gone: it may take its time over that.
          if (channel) known();
          socket.off('message', listen);
          for (const { data: waiting, isBinary: binary } of early) channel?.take(waiting, binary);
        })
        .catch((error) => {
          say('greeting failed', { peerId: hello.peerId, error: wordsOf(error) });
          socket.close(1013, 'try again');
        })
        .finally(() => socket.resume());
    };
    socket.on('message', listen);
    socket.send(
      JSON.stringify({
        type: 'challenge',
        nonce,
        time: this.#options.context.now().toISOString(),
      } satisfies ToAgent),
    );
  }

  async #greet(
    socket: WebSocket,
    nonce: string,
    hello: {
      peerId: string;
      signature: string;
      nonce: string;
      have: { number: number; digest: string } | null;
    },
    remoteAddress: string | null,
  ): Promise<AgentChannel | undefined> {
    const greeting = await greetPeer(this.#options.context, nonce, hello);
    if (!greeting.ok && greeting.reason === 'not-authentic') {
      socket.close(CLOSE.notAuthentic, 'not authentic');
      return undefined;
    }
    const room = greeting.ok ? await this.#options.rooms.get(greeting.networkId) : undefined;
    // A peer that enrolled this very moment may be newer than the room.
    if (room && greeting.ok && !room.knows(greeting.clusterId, greeting.peerId)) {
      await room.catchUp();
      // "Removed" makes an agent wipe its node: it is never said for what is merely not seen yet.
      if (!room.gone && !room.knows(greeting.clusterId, greeting.peerId)) {
        socket.close(1013, 'try again');
        return undefined;
      }
    }
    if (!greeting.ok || !room || room.gone) {
      const { networkId } = greeting;
      const mapKey = await this.#options.rooms.mapKey(networkId);
      const removal = {
        networkId,
        peerId: hello.peerId,
        nonce: hello.nonce,
        reason: 'The peer was removed.',
      };
      if (mapKey)
        socket.send(
          JSON.stringify({ type: 'removed', signed: signRemoval(removal, mapKey) } satisfies ToAgent),
        );
      socket.close(CLOSE.removed, 'removed');
      return undefined;
    }
    if (hello.have && hello.have.number > room.number)
      say('agent is ahead of the database; after a restore raise the epoch', {
        peerId: greeting.peerId,
        networkId: greeting.networkId,
      });
    if (socket.readyState !== socket.OPEN) return undefined;
    const who = { peerId: greeting.peerId, clusterId: greeting.clusterId, remoteAddress, nonce: hello.nonce };
    const channel = new AgentChannel(socket, room, who, {
      report: (from, report) => {
        const { peerId, remoteAddress: observedAddress } = from;
        this.#options.inbox.report(from.networkId, { peerId, report, observedAddress });
      },
      leave: (from) => void this.#leave(from),
      keys: (from, frame) => void this.#keys(from, nonce, frame),
      path: (from, id, answer) => {
        answerPathQuestion(this.#options.context.database, id, from.peerId, answer).catch((error) =>
          say('path answer not written', { peerId: from.peerId, error: wordsOf(error) }),
        );
      },
      exports: (from, frame) => this.#options.services.exports(from, frame),
      follow: (from, frame) => this.#options.services.follow(from, frame),
      health: (from, frame) => this.#options.services.health(from, frame),
      kubernetes: (from, id, reply) => {
        answerKubernetesQuestion(this.#options.context.database, id, from.peerId, reply).catch((error) =>
          say('answer of a cluster not written', { peerId: from.peerId, error: wordsOf(error) }),
        );
      },
      closed: (from) => {
        this.#channels.delete(from);
        this.#options.services.closed(from);
        // A channel that was replaced says nothing of the agent.
        if (room.holds(from)) this.#options.inbox.presence(from.networkId, from.peerId, 'disconnected');
        room.leave(from);
      },
    });
    this.#channels.add(channel);
    const older = room.join(channel) as AgentChannel | undefined;
    older?.close(CLOSE.replaced, 'replaced');
    this.#options.inbox.presence(channel.networkId, channel.peerId, 'connected');
    channel.start(hello.have);
    return channel;
  }

  /** One who says what is not true of its keys is put off; one whom the database could not hear says it again. */
  async #keys(channel: AgentChannel, nonce: string, frame: KeysFrame): Promise<void> {
    try {
      if (await announceKeys(this.#options.context, nonce, channel.peerId, frame)) return;
      say('keys refused', { peerId: channel.peerId });
      channel.close(CLOSE.notAuthentic, 'keys refused');
    } catch (error) {
      say('keys not written', { peerId: channel.peerId, error: wordsOf(error) });
      channel.close(1011, 'try again');
    }
  }

  async #leave(channel: AgentChannel): Promise<void> {
    try {
      await leavePeer(this.#options.context, channel.peerId);
      channel.removed('The peer left.');
    } catch (error) {
      say('leave failed', { peerId: channel.peerId, error: wordsOf(error) });
      channel.close(1011, 'try again');
    }
  }

  /** Looks at every channel: pings it, or ends it for its silence. */
  #watch(): void {
    this.#watches += 1;
    const now = performance.now();
    const limit = CHANNEL_TIMEOUT_SECONDS * 1000;
    for (const channel of this.#channels) {
      if (now - channel.heardAt > limit) channel.terminate();
      else if (channel.sendingSince !== null && now - channel.sendingSince > limit) {
        channel.close(CLOSE.tooSlow, 'too slow');
        channel.terminate();
      } else {
        if (this.#watches % WATCHES_PER_PING === 0) channel.ping();
        if (this.#watches % WATCHES_PER_SEEN === 0)
          this.#options.inbox.presence(channel.networkId, channel.peerId, 'seen');
      }
    }
  }

  #nonce(): Uint8Array {
    const bytes = new Uint8Array(32);
    this.#options.context.random(bytes);
    return bytes;
  }
}

function turnAway(socket: Duplex, status: string): void {
  // Ended alone it would stay half open for as long as the other side likes.
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

/** Node tells IPv4 clients of a dual-stack socket as `::ffff:192.0.2.1`. */
function ipv4(address: string | undefined): string | null {
  const text = address?.replace(/^::ffff:/, '') ?? '';
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) ? text : null;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
