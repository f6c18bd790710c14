/** Name servers of the lab: the realms' resolvers (reached through their edges) and the public one. UDP and TCP. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  streamDecode,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { answer } from './answer.ts';
import { type GroundZone, SERVICES } from './ground.ts';
import { TRANSIT } from './names.ts';

export interface DnsServer {
  close(): Promise<void>;
}

export interface NameSource {
  /** The newest zones. */
  zones(): readonly GroundZone[];
  /** The realm of who asks from this address; null: it sees what the world sees. */
  realmOf(address: string): string | null;
  log(line: string): void;
}

const CODES: Record<string, number> = { NOERROR: 0, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const PLAIN_UDP_BYTES = 512;
const IDLE_MILLISECONDS = 10_000;

/** The bytes of the reply to a query's, or null for what is no query. `limitBytes` null: over TCP. */
export function reply(
  query: Buffer,
  realmId: string | null,
  zones: readonly GroundZone[],
  overUdp: boolean,
): Buffer | null {
  let asked: Packet & { opcode?: string };
  try {
    asked = decode(query);
  } catch {
    return null;
  }
  if (asked.type !== 'query') return null;
  const question = asked.questions?.[0];
  const edns = asked.additionals?.find(({ type }) => type === 'OPT') as
    | { udpPayloadSize?: number }
    | undefined;
  const known = question !== undefined && asked.opcode === 'QUERY' && (question.class ?? 'IN') === 'IN';
  const found = known
    ? answer(zones, realmId, question)
    : { code: 'NOTIMP' as const, authoritative: false, answers: [], authorities: [] };
  const flags =
    RECURSION_AVAILABLE |
    ((asked.flags ?? 0) & RECURSION_DESIRED) |
    (found.authoritative ? AUTHORITATIVE_ANSWER : 0) |
    (CODES[found.code] as number);
  const packet: Packet = {
    type: 'response',
    id: asked.id ?? 0,
    flags,
    questions: question === undefined ? [] : [question],
    answers: found.answers,
    authorities: found.authorities,
  };
  if (edns !== undefined)
    packet.additionals = [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        flags: 0,
        options: [],
        ednsVersion: 0,
        extendedRcode: 0,
        flag_do: false,
      } as never,
    ];
  if (!overUdp) return streamEncode(packet);
  const bytes = encode(packet);
  if (bytes.length <= Math.max(PLAIN_UDP_BYTES, edns?.udpPayloadSize ?? 0)) return bytes;
  return encode({ ...packet, flags: flags | TRUNCATED_RESPONSE, answers: [], authorities: [] });
}

/** Answers on port 53 of the public resolver's address and of the address the edges lead their realms' queries to. */
export async function serveNames(source: NameSource): Promise<DnsServer> {
  const places = [
    { host: SERVICES.publicResolver, realmOf: () => null },
    { host: TRANSIT.gateway, realmOf: (address: string) => source.realmOf(address) },
  ];
  const opened = await Promise.all(
    places.flatMap(({ host, realmOf }) => [overUdp(host, source, realmOf), overTcp(host, source, realmOf)]),
  );
  return {
    async close() {
      await Promise.all(opened.map((close) => close()));
    },
  };
}

type Close = () => Promise<void>;

async function overUdp(
  host: string,
  source: NameSource,
  realmOf: (address: string) => string | null,
): Promise<Close> {
  const socket: UdpSocket = createSocket('udp4');
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const bytes = reply(query, realmOf(from.address), source.zones(), true);
    if (bytes !== null) socket.send(bytes, from.port, from.address, () => {});
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, host, resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', (error) => source.log(`name server on ${host}: ${error.message}`));
  return () => new Promise((resolve) => socket.close(() => resolve()));
}

async function overTcp(
  host: string,
  source: NameSource,
  realmOf: (address: string) => string | null,
): Promise<Close> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MILLISECONDS, () => socket.destroy());
    let held = Buffer.alloc(0);
    socket.on('data', (data) => {
      held = Buffer.concat([held, data]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const size = 2 + held.readUInt16BE(0);
        const query = streamQuery(held.subarray(0, size));
        held = held.subarray(size);
        const bytes =
          query === null ? null : reply(query, realmOf(socket.remoteAddress ?? ''), source.zones(), false);
        if (bytes === null) return socket.destroy();
        socket.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(53, host, resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
}

function streamQuery(framed: Buffer): Buffer | null {
  return streamDecode(framed) === null ? null : framed.subarray(2);
}
