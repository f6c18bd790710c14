/**
 * A door before an API that misbehaves on purpose: answers get lost after the work was done, calls are throttled, or
 * the caller is cut off for good, as when a worker is killed.
 */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FaultyDoor {
  url: string;
  /** How many answers were lost or calls refused so far. */
  faults: () => number;
  requests: () => number;
  close: () => Promise<void>;
}

export type Fault =
  /** The first answer to each kind of changing call is lost after the work was done. */
  | { kind: 'lose-answers' }
  /** The first call of each kind is refused with this; of the kinds named only, where any are. */
  | {
      kind: 'refuse';
      only?: readonly string[];
      status: number;
      headers: Record<string, string>;
      body: (kind: string) => string;
    }
  /** A read that was made before answers once more what it answered then, as a replica that lags would. */
  | { kind: 'stale-reads' }
  /** The call with this number is done but not answered, and no later one is let through. */
  | { kind: 'cut'; after: number; onCut: () => void };

/** What kind of call it is: AWS names it in the body, Google by method and path. */
function kindOf(incoming: IncomingMessage, body: Buffer): string {
  const action = /(?:^|&)Action=(\w+)/.exec(body.toString('latin1'))?.[1] ?? incoming.headers['x-amz-target'];
  const path = (incoming.url ?? '').replace(/\?.*/, '').replace(/\/[^/]*\d[^/]*/g, '/*');
  return action ? `${action}` : `${incoming.method} ${path}`;
}
const changes = (kind: string) => !/^(Describe|Get|List|GET )/.test(kind);

export async function openFaultyDoor(target: string, fault: Fault): Promise<FaultyDoor> {
  const { hostname, port } = new URL(target);
  const seen = new Set<string>();
  const earlier = new Map<string, { status: number; headers: OutgoingHttpHeaders; text: Buffer }>();
  let faults = 0;
  let requests = 0;

  const server = createServer(async (incoming, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const kind = kindOf(incoming, body);
    const first = !seen.has(kind);
    seen.add(kind);
    requests++;
    if (fault.kind === 'refuse' && first && (fault.only?.includes(kind) ?? true)) {
      faults++;
      answer.writeHead(fault.status, fault.headers).end(fault.body(kind));
      return;
    }
    const read = `${incoming.headers.host} ${incoming.url} ${body}`;
    const before = fault.kind === 'stale-reads' && !changes(kind) ? earlier.get(read) : undefined;
    if (before) {
      earlier.delete(read);
      faults++;
      answer.writeHead(before.status, before.headers).end(before.text);
      return;
    }
    if (fault.kind === 'cut' && requests > fault.after) {
      incoming.socket.destroy();
      return;
    }
    const lost =
      (fault.kind === 'lose-answers' && first && changes(kind)) ||
      (fault.kind === 'cut' && requests === fault.after);
    if (lost) faults++;
    forward(incoming, body, (status, headers, text) => {
      if (fault.kind === 'stale-reads' && !changes(kind)) earlier.set(read, { status, headers, text });
      if (!lost) return void answer.writeHead(status, headers).end(text);
      if (fault.kind === 'cut') fault.onCut();
      incoming.socket.destroy();
    });
  });

  function forward(
    incoming: IncomingMessage,
    body: Buffer,
    done: (status: number, headers: OutgoingHttpHeaders, text: Buffer) => void,
  ) {
    // The host header stays: AWS signs it.
    const { method = 'GET', url: path = '/', headers } = incoming;
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, async (reply) => {
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk as Buffer);
      const { 'transfer-encoding': _, ...kept } = reply.headers;
      done(reply.statusCode ?? 500, kept, Buffer.concat(chunks));
    });
    outgoing.on('error', () => incoming.socket.destroy());
    outgoing.end(body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: () => faults,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
