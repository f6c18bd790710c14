/**
 * The relay's side: a web server on the TLS port that knows no page, and passes packets for those peers whom the map
 * gave it to relay. The other end of a pair may come over TLS too, or by UDP to the pair's port, or be this node itself.
 *
 * Nothing that is not of a pair passes: who comes over TLS has shown its key, who comes by UDP sends from an address of
 * its own, and either speaks for its own end alone. Rate and end of an allocation hold here as in the kernel.
 */
import type { KeyObject } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { MapAllocation, NetworkMap, RelayedEnd } from '@skein/contract/agent/map.ts';
import { type WebSocket, WebSocketServer } from 'ws';
import { AgentFailure } from '../../failure.ts';
import { certify } from './certificate.ts';
import { looksRight, MESSAGE_BYTES, type Packet } from './frame.ts';
import { type LocalEnd, openLocalEnd } from './local.ts';
import { newPace, type Pace } from './pace.ts';
import { newPipe, type Pipe } from './pipe.ts';
import { newStrangers } from './strangers.ts';
import { boundTo, relayKey, whoSays } from './token.ts';

export interface RelayServer {
  /** Relays what the map asks for and nothing else. Throws `address-taken` where a port is somebody else's. */
  apply(map: NetworkMap, privateKey: string): Promise<void>;
  /** On which port of 127.0.0.1 each channel begins whose end is this node. */
  ports(): ReadonlyMap<number, number>;
  /** What waits for peers that do not take it. */
  waitingBytes(): number;
  close(): Promise<void>;
}

/** One end of a pair, of which packets come and to which they go. */
interface End {
  readonly channel: number;
  readonly by: RelayedEnd['by'];
  readonly peerId: string | null;
  readonly addresses: ReadonlySet<string>;
  readonly pace: Pace;
  /** Where it was last heard by UDP. */
  heard: { address: string; port: number; at: number } | undefined;
  udp: Socket | undefined;
  local: LocalEnd | undefined;
}
interface Pair {
  allocation: MapAllocation;
  wireguardPort: number;
  ends: [End, End];
  /** Monotonic milliseconds. */
  until: number;
}

/** As long as the kernel's relay remembers: longer than any keepalive, shorter than a NAT gives a port to others. */
const HEARD_MILLISECONDS = 180_000;
const PING_SECONDS = 5;
const SILENCE_SECONDS = 20;
const BUFFER_BYTES = 2 * 1024 * 1024;
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const REPLACED = 4409;
const REMOVED = 4410;

/**
 * @param keyOf the key of this relay's certificate; asked for once it is needed
 * @param clock monotonic milliseconds
 * @param now milliseconds since 1970
 */
export function newRelayServer(
  keyOf: () => Promise<KeyObject>,
  clock: () => number,
  now: () => number,
): RelayServer {
  const pairs = new Map<string, Pair>();
  /** By channel: the end, and the other of its pair. */
  const ends = new Map<number, { pair: Pair; self: End; other: End }>();
  const peers = new Map<string, { socket: WebSocket; pipe: Pipe; heardAt: number }>();
  let keysOf: ReadonlyMap<string, readonly string[]> = new Map();
  /** The private key in use, and the one before, which the maps of others may still name. */
  let secrets: readonly string[] = [];
  const keyMemo = new Map<string, Buffer>();
  let listening: { port: number; server: Server } | undefined;

  const sharedKeys = (peerId: string): Buffer[] =>
    secrets.flatMap((secret) =>
      (keysOf.get(peerId) ?? []).map((publicKey) => {
        const name = `${secret} ${publicKey}`;
        const made = keyMemo.get(name) ?? relayKey(secret, publicKey);
        keyMemo.set(name, made);
        return made;
      }),
    );
  const send = (end: End, bytes: Buffer, at: number) => {
    if (end.by === 'tls') peers.get(end.peerId ?? '')?.pipe.send({ channel: end.channel, bytes });
    else if (end.by === 'self') end.local?.send(bytes);
    else if (end.heard && at - end.heard.at < HEARD_MILLISECONDS)
      end.udp?.send(bytes, end.heard.port, end.heard.address);
  };
  const pass = (channel: number, bytes: Buffer, at: number) => {
    const found = ends.get(channel);
    if (!found || !looksRight(bytes) || at > found.pair.until) return;
    if (found.self.pace.lets(bytes.length, at)) send(found.other, bytes, at);
  };
  const take = (peerId: string, packets: readonly Packet[]) => {
    const at = clock();
    for (const { channel, bytes } of packets) {
      const end = ends.get(channel)?.self;
      // A map may be newer on one side than on the other, so what is not its own is not held against it.
      if (end?.by === 'tls' && end.peerId === peerId) pass(channel, bytes, at);
    }
  };

  const welcome = (socket: WebSocket, stream: Duplex, peerId: string) => {
    peers.get(peerId)?.socket.close(REPLACED);
    const heard = () => {
      peer.heardAt = clock();
    };
    const pipe = newPipe(socket, stream, (packets) => {
      heard();
      take(peerId, packets);
    });
    const peer = { socket, pipe, heardAt: clock() };
    peers.set(peerId, peer);
    const watch = setInterval(() => {
      if (clock() - peer.heardAt > SILENCE_SECONDS * 1000) socket.terminate();
      else socket.ping();
    }, PING_SECONDS * 1000);
    socket.on('ping', heard);
    socket.on('pong', heard);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(watch);
      if (peers.get(peerId) === peer) peers.delete(peerId);
    });
  };
  const upgrades = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES,
  });
  upgrades.on('wsClientError', (_error, stream) => stream.end(NOT_FOUND));

  const listen = async (port: number): Promise<void> => {
    if (listening?.port === port) return;
    await unlisten();
    const { key, certificate } = certify(await keyOf());
    const strangers = newStrangers<TcpSocket>(clock, (socket) => socket.destroy());
    const server = createServer(
      { key, cert: certificate, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] },
      (_request, response) => response.writeHead(404, { 'content-length': 0, connection: 'close' }).end(),
    );
    server.on('connection', (socket: TcpSocket) => {
      socket.setNoDelay(true);
      strangers.enter(socket, socket.remoteAddress ?? '');
      socket.on('close', () => strangers.leave(socket));
    });
    server.on('upgrade', (request: IncomingMessage, stream: TLSSocket, head: Buffer) => {
      stream.on('error', () => undefined);
      const peerId = whoSays(request.headers.authorization, boundTo(stream), sharedKeys);
      if (peerId === undefined) return void stream.end(NOT_FOUND);
      strangers.known(stream.remoteAddress ?? '', stream.remotePort ?? 0);
      upgrades.handleUpgrade(request, stream, head, (socket) => welcome(socket, stream, peerId));
    });
    server.on('tlsClientError', () => undefined);
    const sweep = setInterval(strangers.sweep, 1000);
    server.on('close', () => clearInterval(sweep));
    await new Promise<void>((done, failed) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        clearInterval(sweep);
        failed(
          error.code === 'EADDRINUSE'
            ? new AgentFailure('address-taken', `TCP ${port} is taken, so nobody is relayed over TLS here`)
            : error,
        );
      });
      server.listen(port, '0.0.0.0', done);
    });
    server.removeAllListeners('error').on('error', () => undefined);
    listening = { port, server };
  };
  const unlisten = async () => {
    const was = listening;
    listening = undefined;
    for (const { socket } of peers.values()) socket.terminate();
    was?.server.closeAllConnections();
    await new Promise<void>((done) => (was ? was.server.close(() => done()) : done()));
  };

  const openPair = async (allocation: MapAllocation, wireguardPort: number): Promise<void> => {
    const { port, addresses, kilobytesPerSecond, tls } = allocation;
    const made = ([0, 1] as const).map((side): End => {
      const end = tls?.ends[side] ?? { by: 'udp' };
      return {
        channel: port + side,
        by: end.by,
        peerId: end.by === 'tls' ? end.peerId : null,
        addresses: new Set(addresses[side]),
        pace: newPace(kilobytesPerSecond, clock()),
        heard: undefined,
        udp: undefined,
        local: undefined,
      };
    });
    const [first, second] = made;
    if (!first || !second) return;
    const until = clock() + Date.parse(allocation.until) - now();
    const pair: Pair = { allocation, wireguardPort, ends: [first, second], until };
    pairs.set(allocation.id, pair);
    ends.set(first.channel, { pair, self: first, other: second });
    ends.set(second.channel, { pair, self: second, other: first });
    try {
      for (const end of pair.ends) {
        if (end.by === 'udp') end.udp = await openUdp(end, pass, clock);
        else if (end.by === 'self')
          end.local = await openLocalEnd(wireguardPort, (bytes) => pass(end.channel, bytes, clock()));
      }
    } catch (error) {
      // Half a pair is none: it is opened again when the map is next applied.
      closePair(pair);
      throw error;
    }
  };
  const closePair = (pair: Pair) => {
    pairs.delete(pair.allocation.id);
    for (const end of pair.ends) {
      if (ends.get(end.channel)?.self === end) ends.delete(end.channel);
      end.udp?.close();
      end.local?.close();
    }
  };

  return {
    apply: async (map, privateKey) => {
      if (privateKey !== secrets[0]) secrets = [privateKey, ...secrets.slice(0, 1)];
      // Made again when somebody comes.
      keyMemo.clear();
      const wanted = map.allocations.filter((one) => one.tls !== undefined);
      const planes = new Map(map.peers.map((peer) => [peer.id, peer.plane]));
      const wireguardPortOf = ({ tls }: MapAllocation) => {
        const [far] = (tls?.ends ?? []).flatMap((end) => (end.by === 'tls' ? [end.peerId] : []));
        return map.self.wireguardPort + (planes.get(far ?? '') ?? 0);
      };
      keysOf = new Map(
        wanted.flatMap(({ tls }) =>
          (tls?.ends ?? []).flatMap((end) => (end.by === 'tls' ? [[end.peerId, end.keys] as const] : [])),
        ),
      );
      const byId = new Map(wanted.map((one) => [one.id, one]));
      for (const pair of [...pairs.values()]) {
        const next = byId.get(pair.allocation.id);
        const same = next && shapeOf(next) === shapeOf(pair.allocation);
        if (!same || wireguardPortOf(next) !== pair.wireguardPort) closePair(pair);
        // Renewed: who was heard stays known.
        else pair.until = clock() + Date.parse(next.until) - now();
      }
      for (const allocation of wanted)
        if (!pairs.has(allocation.id)) await openPair(allocation, wireguardPortOf(allocation));
      for (const [peerId, { socket }] of peers) if (!keysOf.has(peerId)) socket.close(REMOVED);
      const [first] = wanted;
      if (first?.tls) await listen(first.tls.port);
      else await unlisten();
    },
    ports: () =>
      new Map(
        [...pairs.values()].flatMap((pair) =>
          pair.ends.flatMap((end) => (end.local ? [[end.channel, end.local.port] as const] : [])),
        ),
      ),
    waitingBytes: () => [...peers.values()].reduce((sum, { pipe }) => sum + pipe.waiting().bytes, 0),
    close: async () => {
      for (const pair of [...pairs.values()]) closePair(pair);
      await unlisten();
    },
  };
}

/** All of an allocation but its end, which may be moved, and the keys, which count for those who come anew. */
function shapeOf({ port, addresses, kilobytesPerSecond, tls }: MapAllocation): string {
  const ends = tls?.ends.map((end) => (end.by === 'tls' ? end.peerId : end.by));
  return JSON.stringify([port, addresses, kilobytesPerSecond, ends]);
}

async function openUdp(
  end: End,
  pass: (channel: number, bytes: Buffer, at: number) => void,
  clock: () => number,
): Promise<Socket> {
  // Every destination is an address: nothing is to be looked up.
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  await new Promise<void>((done, failed) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      failed(
        error.code === 'EADDRINUSE'
          ? new AgentFailure('address-taken', `UDP ${end.channel} is taken, so one pair is not relayed here`)
          : error,
      );
    });
    socket.bind(end.channel, () => done());
  });
  socket.removeAllListeners('error').on('error', () => undefined);
  socket.setRecvBufferSize(BUFFER_BYTES);
  socket.setSendBufferSize(BUFFER_BYTES);
  socket.on('message', (bytes, { address, port }) => {
    if (!end.addresses.has(address) || !looksRight(bytes)) return;
    const at = clock();
    end.heard = { address, port, at };
    pass(end.channel, bytes, at);
  });
  return socket;
}
