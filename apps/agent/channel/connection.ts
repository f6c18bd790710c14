/** One WebSocket to the coordinator, from opening to its end. */

import { type KeyObject, randomBytes } from 'node:crypto';
import {
  CHANNEL_PATH,
  CHANNEL_TIMEOUT_SECONDS,
  type FromAgent,
  MAX_FRAME_BYTES,
  ToAgent,
} from '@skein/contract/agent/channel.ts';
import type { KubernetesQuestion } from '@skein/contract/agent/kubernetes.ts';
import type { SignedMap } from '@skein/contract/agent/map.ts';
import type { PathQuestion } from '@skein/contract/agent/path.ts';
import type { ServicesNews } from '@skein/contract/agent/service.ts';
import { helloText, keysText, signText } from '@skein/mesh/map/sign.ts';
import { WebSocket } from 'ws';
import { type Own, receiveRemoval, receiveServices } from './receive.ts';

/** `code` is the WebSocket close code; 1006 is an end without a word. */
export interface Ended {
  code: number;
  reason: string;
  /** Whether the coordinator took our hello, so that the next failure counts as the first. */
  wasOpen: boolean;
}

export interface ConnectionOptions {
  coordinatorUrl: string;
  own: Own;
  identity: KeyObject;
  /** Number and digest of the map held at the moment of the hello. */
  have: () => { number: number; digest: string } | null;
  /** The hello is sent: reports may follow. */
  onReady: (connection: Connection) => void;
  onMap: (signed: SignedMap) => void;
  /** Somebody wants to know what becomes of packets from here. */
  onPathTest: (question: PathQuestion) => void;
  /** Of services that we follow, in the order in which they were said. */
  onServices: (news: ServicesNews) => void;
  /** The exports of this listing are not known: list all again. */
  onExportsUnknown: (session: string) => void;
  /** Something is asked of the Kubernetes cluster that this node is one of. */
  onKubernetes: (id: string, question: KubernetesQuestion) => void;
  /** The network itself says so, and in answer to us. */
  onRemoved: (reason: string) => void;
  onEnd: (ended: Ended) => void;
}

export interface Connection {
  /** Sends, unless the channel is congested or closed: the next report tells it all again. Says whether it was sent. */
  send(message: FromAgent): boolean;
  /** Says which WireGuard keys we use and will use, signed for this channel. */
  announceKeys(keys: { wireguardKey: string; nextWireguardKey: string | null }): boolean;
  close(): void;
}

const OPEN_SECONDS = 15;
const NONCE_BYTES = 24;
const NORMAL_CLOSE = 1000;

/** Opens the channel. Every outcome comes through the callbacks; `onEnd` comes once, last. */
export function openConnection(options: ConnectionOptions): Connection {
  const url = new URL(options.coordinatorUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.pathname = `${url.pathname.replace(/\/$/, '')}${CHANNEL_PATH}`;
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    handshakeTimeout: OPEN_SECONDS * 1000,
  });
  // Not the wall clock: one set back would keep a dead channel.
  let heardAt = performance.now();
  let ready = false;
  let failure = '';
  let challenge: string | undefined;
  let serial = 0;
  let heardSerial = 0;
  const ownNonce = randomBytes(NONCE_BYTES).toString('base64');

  const connection: Connection = {
    send: (message) => {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_FRAME_BYTES) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    announceKeys: (keys) => {
      if (challenge === undefined) return false;
      serial += 1;
      const text = keysText(challenge, options.own.peerId, { serial, ...keys });
      return connection.send({
        type: 'keys',
        serial,
        ...keys,
        proof: signText('keys', text, options.identity),
      });
    },
    close: () => socket.close(NORMAL_CLOSE),
  };
  const heard = () => {
    heardAt = performance.now();
  };
  const watch = setInterval(
    () => {
      if (performance.now() - heardAt > CHANNEL_TIMEOUT_SECONDS * 1000) {
        failure = `nothing heard for ${CHANNEL_TIMEOUT_SECONDS} s`;
        socket.terminate();
      } else if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    (CHANNEL_TIMEOUT_SECONDS * 1000) / 3,
  );

  socket.on('ping', heard);
  socket.on('pong', heard);
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.on('close', (code, reason) => {
    clearInterval(watch);
    options.onEnd({ code, reason: reason.toString() || failure, wasOpen: ready });
  });
  socket.on('message', (data, isBinary) => {
    heard();
    const message = isBinary ? undefined : parseFrame(String(data));
    if (!message) {
      failure = 'the coordinator sent a frame that is not of this protocol; is this agent too old?';
      socket.terminate();
    } else if (message.type === 'challenge') {
      const { peerId } = options.own;
      challenge = message.nonce;
      const signature = signText('hello', helloText(message.nonce, peerId), options.identity);
      connection.send({ type: 'hello', peerId, signature, nonce: ownNonce, have: options.have() });
      ready = true;
      options.onReady(connection);
    } else if (message.type === 'map') options.onMap(message.signed);
    else if (message.type === 'path-test') options.onPathTest(message.question);
    else if (message.type === 'exports-unknown') options.onExportsUnknown(message.session);
    else if (message.type === 'services') {
      const news = receiveServices(message.signed, ownNonce, options.own);
      heardSerial += 1;
      if (news?.serial === heardSerial) return options.onServices(news);
      failure = 'news of services came that the network did not sign for us, or not in order';
      socket.terminate();
    } else if (message.type === 'kubernetes-request') options.onKubernetes(message.id, message.question);
    else {
      const reason = receiveRemoval(message.signed, ownNonce, options.own);
      if (reason !== undefined) return options.onRemoved(reason);
      failure = 'a removal came that the network did not sign for us';
      socket.terminate();
    }
  });
  return connection;
}

function parseFrame(text: string): ToAgent | undefined {
  try {
    return ToAgent.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
