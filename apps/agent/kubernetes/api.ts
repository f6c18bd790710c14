/**
 * A thin client of a Kubernetes API server: plain requests and watches, nothing kept. Whoever needs it imports it when it
 * does (`await import`), for most agents are on no cluster.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { AgentFailure, wordsOf } from '../failure.ts';

/** Who we are to the API server; asked for each request, since tokens are replaced beneath us. */
export type KubernetesCredential = { token: string } | { certificate: string; key: string };

export interface KubernetesAccess {
  /** `https://host:port`, without a path. */
  server: string;
  /** PEM: who may have signed the server's certificate. */
  ca: string;
  credential: () => Promise<KubernetesCredential>;
}

/** What the server said. `body` is what its JSON means, or the text of what is no JSON. */
export interface KubernetesAnswer {
  status: number;
  body: unknown;
}

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: WatchedObject }
  /** The server's own account of why the watch ends; an expired version throws instead. */
  | { type: 'ERROR'; object: unknown };
export interface WatchedObject {
  metadata: { name?: string; namespace?: string; resourceVersion: string; [more: string]: unknown };
  [more: string]: unknown;
}

export interface KubernetesApi {
  /**
   * @param path with its query, beginning with a slash
   * @param body an object goes as JSON, which server-side apply takes too (`application/apply-patch+yaml`)
   * Every answer of the server is an answer, refusals too. Throws `unreachable` where none came.
   */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<KubernetesAnswer>;
  /**
   * What changes at `path` (a list's, with its query if any) after `resourceVersion`. Ends when the server ends it, after
   * some minutes: watch on from the last version seen, bookmarks included. Throws `WatchExpired` where that version is
   * too old, so that everything is to be listed anew; `unreachable` where the connection broke.
   */
  watch(path: string, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Ends idle connections. Watches end by their signals. */
  close(): void;
}

/** 410 Gone, as an answer or as an event. */
export class WatchExpired extends Error {
  constructor() {
    super('the version watched from is too old: list again');
    this.name = 'WatchExpired';
  }
}

const REQUEST_SECONDS = 30;
/** The server ends a watch after so long. Well beyond it the connection is dead, whatever the kernel says. */
const WATCH_SECONDS = 280;
const WATCH_GRACE_SECONDS = 20;
const KEEPALIVE_MILLISECONDS = 15_000;
/** A list of ten thousand pods has about 40 MB. */
const MOST_BYTES = 64 * 1024 * 1024;
const EXPIRED = 410;

export function openKubernetes(access: KubernetesAccess): KubernetesApi {
  const server = new URL(access.server);
  if (server.protocol !== 'https:') throw new AgentFailure('config-invalid', 'the API server must be https');
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: KEEPALIVE_MILLISECONDS,
    maxFreeSockets: 2,
    ca: access.ca,
  });

  const send = async (options: {
    method: string;
    path: string;
    headers: Record<string, string | number>;
    text?: string;
    idleSeconds: number;
    signal?: AbortSignal;
  }): Promise<IncomingMessage> => {
    const who = await access.credential();
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({
        agent,
        host: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port || 443,
        method: options.method,
        path: options.path,
        headers: {
          accept: 'application/json',
          ...options.headers,
          ...('token' in who ? { authorization: `Bearer ${who.token}` } : {}),
        },
        ...('token' in who ? {} : { cert: who.certificate, key: who.key }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      sent.setTimeout(options.idleSeconds * 1000, () =>
        sent.destroy(new Error(`nothing heard for ${options.idleSeconds} s`)),
      );
      sent.on('error', reject);
      sent.on('response', resolve);
      sent.end(options.text);
    });
  };
  const unreachable = (error: unknown) =>
    new AgentFailure('unreachable', `the API server at ${server.host}: ${wordsOf(error)}`);

  return {
    request: async (method, path, body, contentType = 'application/json') => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      try {
        const answer = await send({
          method,
          path,
          headers:
            text === undefined
              ? {}
              : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) },
          ...(text === undefined ? {} : { text }),
          idleSeconds: REQUEST_SECONDS,
        });
        return { status: answer.statusCode ?? 0, body: meaningOf(answer, await textOf(answer)) };
      } catch (error) {
        throw unreachable(error);
      }
    },
    watch: (path, resourceVersion, signal) => ({
      [Symbol.asyncIterator]: async function* () {
        const query = new URLSearchParams({
          watch: '1',
          allowWatchBookmarks: 'true',
          resourceVersion,
          timeoutSeconds: `${WATCH_SECONDS}`,
        });
        let answer: IncomingMessage | undefined;
        try {
          answer = await send({
            method: 'GET',
            path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
            headers: {},
            idleSeconds: WATCH_SECONDS + WATCH_GRACE_SECONDS,
            signal,
          });
          if (answer.statusCode === EXPIRED) throw new WatchExpired();
          if (answer.statusCode !== 200)
            throw new Error(
              `HTTP ${answer.statusCode}: ${reasonOf(meaningOf(answer, await textOf(answer)))}`,
            );
          for await (const line of linesOf(answer)) {
            const event = JSON.parse(line) as WatchEvent;
            if (event.type === 'ERROR' && (event.object as { code?: number }).code === EXPIRED)
              throw new WatchExpired();
            yield event;
          }
        } catch (error) {
          if (signal.aborted) return;
          throw error instanceof WatchExpired ? error : unreachable(error);
        } finally {
          answer?.destroy();
        }
      },
    }),
    close: () => agent.destroy(),
  };
}

/** Why the server refused, in its words (`Status.message`) or what there is of them. */
export function reasonOf(body: unknown): string {
  const message = (body as { message?: unknown } | null)?.message;
  return (typeof message === 'string' ? message : typeof body === 'string' ? body : 'no reason given').slice(
    0,
    500,
  );
}

function meaningOf(answer: IncomingMessage, text: string): unknown {
  return answer.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error(`the answer has more than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** One event a line. A line that is torn by the connection's end is no event. */
async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  answer.setEncoding('utf8');
  let rest = '';
  for await (const part of answer as AsyncIterable<string>) {
    rest += part;
    if (rest.length > MOST_BYTES) throw new Error(`an event has more than ${MOST_BYTES} bytes`);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}
