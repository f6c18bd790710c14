/** One connection of a peer to a relay: TLS to the pinned key, then a WebSocket that says who comes. */
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { isPinned } from './certificate.ts';
import { MESSAGE_BYTES, type Packet } from './frame.ts';
import { newPipe, type Pipe } from './pipe.ts';
import { boundTo, sayWho } from './token.ts';

export interface RelayDoor {
  address: string;
  port: number;
  pin: string;
}

export interface RelayConnection {
  /** Undefined until packets may be sent. */
  pipe(): Pipe | undefined;
  close(): void;
}

const OPEN_SECONDS = 10;
/** What may be said of silence: a relay answers pings. */
const PING_SECONDS = 5;
const SILENCE_SECONDS = 15;

/**
 * Connects. Every outcome comes through the callbacks; `onEnd` comes once, last, with words for people.
 * @param key of this peer and the relay
 */
export function connectToRelay(options: {
  door: RelayDoor;
  peerId: string;
  key: Buffer;
  onOpen: () => void;
  onPackets: (packets: readonly Packet[]) => void;
  onEnd: (words: string) => void;
}): RelayConnection {
  const { door, peerId, key } = options;
  let pipe: Pipe | undefined;
  let socket: WebSocket | undefined;
  let ended = false;
  let heardAt = performance.now();
  let watch: NodeJS.Timeout | undefined;
  const end = (words: string) => {
    if (ended) return;
    ended = true;
    pipe = undefined;
    clearTimeout(opening);
    clearInterval(watch);
    socket?.terminate();
    stream.destroy();
    options.onEnd(words);
  };
  const opening = setTimeout(() => end(`no answer within ${OPEN_SECONDS} s`), OPEN_SECONDS * 1000);
  const stream: TLSSocket = connect({
    host: door.address,
    port: door.port,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    // The key is looked at instead: there is no authority, and no name.
    rejectUnauthorized: false,
  });
  stream.setNoDelay(true);
  stream.on('error', (error) => end(error.message));
  // From then on the WebSocket says it, and why.
  stream.on('close', () => socket ?? end('the connection ended'));
  stream.on('secureConnect', () => {
    if (!isPinned(stream.getPeerX509Certificate(), door.pin))
      return end('another than the relay answers: its key is not the one that the map names');
    socket = new WebSocket(`ws://${door.address}:${door.port}/`, {
      createConnection: (() => stream) as () => Duplex as never,
      headers: { authorization: sayWho(peerId, key, boundTo(stream)) },
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES,
      // Masks keep scripts from steering proxies that read along. Within TLS nobody does.
      generateMask: (mask) => mask.fill(0),
    });
    socket.on('error', (error) => end(error.message));
    socket.on('close', (code) => end(`closed (${code})`));
    const heard = () => {
      heardAt = performance.now();
    };
    socket.on('open', () => {
      clearTimeout(opening);
      heard();
      pipe = newPipe(socket as WebSocket, stream, (packets) => {
        heard();
        options.onPackets(packets);
      });
      watch = setInterval(() => {
        if (performance.now() - heardAt > SILENCE_SECONDS * 1000)
          end(`nothing heard for ${SILENCE_SECONDS} s`);
        else socket?.ping();
      }, PING_SECONDS * 1000);
      options.onOpen();
    });
    socket.on('pong', heard);
  });
  return {
    pipe: () => pipe,
    close: () => end('closed'),
  };
}
