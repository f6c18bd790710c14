/** How `skein-agent status`, `doctor`, `drain` and `leave` speak with the running daemon: a Unix socket for root, one JSON line each way. */
import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { LinkReport } from '@skein/contract/agent/channel.ts';
import { MapRange } from '@skein/contract/agent/map.ts';
import { PeerRole } from '@skein/contract/primitive.ts';
import { z } from 'zod';
import { RUN_DIRECTORY } from '../config.ts';
import type { Measured } from '../doctor/facts.ts';
import { AgentFailure, wordsOf } from '../failure.ts';

const SOCKET = `${RUN_DIRECTORY}/agent.sock`;

export const Request = z.discriminatedUnion('ask', [
  z.object({ ask: z.enum(['status', 'leave', 'drain', 'undrain']) }),
  /** Measures all tunnels, or the one to the peer of this name or overlay address. */
  z.object({ ask: z.literal('measure'), peer: z.string().max(253).optional() }),
]);
export const Status = z.object({
  version: z.string(),
  name: z.string(),
  networkId: z.string(),
  peerId: z.string(),
  coordinatorUrl: z.string(),
  connected: z.boolean(),
  /** Null until a first map came. */
  overlayAddress: z.string().nullable(),
  /** Null where the node speaks no IPv6, too. */
  overlayAddress6: z.string().nullable(),
  role: PeerRole.nullable(),
  zone: z.string().nullable(),
  heldNumber: z.number().nullable(),
  appliedNumber: z.number().nullable(),
  problem: z.string().nullable(),
  /** Others have been asked to take other ways than this node. */
  draining: z.boolean(),
  wireguard: z.enum(['kernel', 'userspace']).nullable(),
  /** Ranges behind this node that it carries. */
  ranges: z.array(MapRange),
  /** Pod ranges of this node. */
  pods: z.array(z.string()),
  /** Whether UDP gets out of where this node is. */
  udp: z.enum(['unknown', 'open', 'blocked']),
  /** Relays by which packets go over TLS, as `address:port`, and the names of the peers that they go to. */
  overTls: z.array(z.object({ relay: z.string(), peers: z.array(z.string()) })),
  peers: z.array(
    LinkReport.extend({
      name: z.string(),
      role: PeerRole,
      overlayAddress: z.string(),
      clusterId: z.string(),
      /** The interface that holds the tunnel. */
      plane: z.number(),
      /** What kind of endpoint is in use; `roamed` for one that the map does not name. */
      path: z.string().nullable(),
      /** The largest packet in use towards the peer. */
      mtu: z.number(),
    }),
  ),
});
export type Status = z.infer<typeof Status>;
/** Whether other peers now take other ways, where they have some. */
export const Drained = z.object({ draining: z.boolean() });
export type Drained = z.infer<typeof Drained>;
/** What could not be cleaned; empty where all went well. */
export const Left = z.object({ told: z.boolean(), problems: z.array(z.string()) });
export type Left = z.infer<typeof Left>;

const LINE_LIMIT_BYTES = 1000;
const ANSWER_SECONDS = 40;
const CLOSE_SECONDS = 2;

/** Listens. Throws `already-running` where another daemon does. */
export async function serveControl(
  handle: (request: z.infer<typeof Request>) => Promise<Status | Left | Drained | Measured>,
): Promise<{ close(): Promise<void> }> {
  await mkdir(RUN_DIRECTORY, { recursive: true, mode: 0o700 });
  if (await isAnswered())
    throw new AgentFailure('already-running', 'skein-agent is already running on this node');
  await rm(SOCKET, { force: true });
  const server = createServer((socket) => {
    let line = '';
    socket.setEncoding('utf8').on('error', () => socket.destroy());
    socket.on('data', (text: string) => {
      line += text;
      if (line.length > LINE_LIMIT_BYTES) socket.destroy();
      if (!line.endsWith('\n')) return;
      const request = Request.safeParse(parseJson(line));
      if (!request.success) return void socket.destroy();
      handle(request.data).then(
        (answer) => socket.end(`${JSON.stringify(answer)}\n`),
        (error) => socket.destroy(error),
      );
    });
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(SOCKET, done);
  });
  // An answer may still be on its way; a client that only holds on is not waited for.
  return {
    close: () =>
      Promise.race([new Promise<void>((done) => server.close(() => done())), wait(CLOSE_SECONDS * 1000)]),
  };
}

/** Asks the running daemon, or answers undefined where none runs. */
export async function askDaemon<T>(
  request: z.infer<typeof Request>,
  shape: z.ZodType<T>,
): Promise<T | undefined> {
  if (!(await isAnswered())) return undefined;
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(SOCKET, () => socket.write(`${JSON.stringify(request)}\n`));
    let answer = '';
    socket.setTimeout(ANSWER_SECONDS * 1000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  }).catch((error) => {
    throw new AgentFailure('unreachable', `the running skein-agent does not answer: ${wordsOf(error)}`);
  });
  const answer = shape.safeParse(parseJson(text));
  if (answer.success) return answer.data;
  throw new AgentFailure('unreachable', 'skein-agent is still starting; try again');
}

function isAnswered(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(SOCKET);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
