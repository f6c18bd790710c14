/** The coordinator's HTTP side: install script, agent, enrolment, health. The channel takes over on upgrade. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { ENROL_PATH, type EnrolRefusal, EnrolRequest } from '@skein/contract/agent/channel.ts';
import { joinManifest } from '@skein/control/join-token/manifest.ts';
import { type ChannelContext, enrolPeer } from '@skein/control/peer/enrol.ts';
import { say, wordsOf } from '../log.ts';
import { parseUntrusted } from '../untrusted-json.ts';
import { serveDistribution } from './distribution.ts';
import { callerOf, RateLimiter } from './rate.ts';

const MAX_BODY_BYTES = 16 * 1024;
const BODY_SECONDS = 10;
const HEALTH_SECONDS = 2;
const IDLE_SECONDS = 60;
/** A whole rack may join from behind one NAT; guessing 178 random bits at this pace is hopeless. */
const ENROL_LIMIT = { burst: 60, perSecond: 1, most: 10_000 };

const STATUS: Record<EnrolRefusal['code'], number> = {
  invalid: 400,
  'token-unknown': 401,
  'proof-wrong': 401,
  'token-used': 409,
  'token-expired': 410,
  'token-revoked': 410,
  busy: 429,
};

export interface HttpOptions {
  context: ChannelContext;
  coordinatorUrl: string;
  agentDistribution: string;
  /** The agent's container image; null where this installation has none. */
  agentImage: string | null;
  tls: { certificate: string; key: string } | null;
}

/** Makes the server; the caller listens and closes. */
export function createHttpServer(options: HttpOptions): Server {
  const limiter = new RateLimiter(ENROL_LIMIT);
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, options, limiter).catch((error) => {
      // A join token may be in the path.
      const path = pathOf(request).replace(/^\/join\/.*/, '/join/…');
      say('request failed', { path, error: wordsOf(error) });
      if (!response.headersSent)
        refuse(response, 503, 'busy', 'The coordinator could not do this now. Try again.');
      else response.destroy();
    });
  };
  const limits = { requestTimeout: 30_000, headersTimeout: 10_000 };
  const server = options.tls
    ? createTlsServer({ ...limits, cert: options.tls.certificate, key: options.tls.key }, onRequest)
    : createServer(limits, onRequest);
  // Ends who takes a download and then no byte of it; the channel lifts it for its own sockets.
  server.setTimeout(IDLE_SECONDS * 1000);
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  limiter: RateLimiter,
) {
  const path = pathOf(request);
  const method = request.method ?? '';
  if (path === ENROL_PATH && method === 'POST') return enrol(request, response, options, limiter);
  if (method === 'GET' || method === 'HEAD') {
    if (path === '/healthz') return health(response, options);
    const token = MANIFEST_PATH.exec(path)?.[1];
    if (token !== undefined) return manifest(request, response, token, options, limiter);
    if (await serveDistribution(options.agentDistribution, options.coordinatorUrl, method, path, response))
      return;
  }
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is nothing here.\n');
}

const MANIFEST_PATH = /^\/join\/(skj_[A-Za-z0-9]{1,100})\/agent\.yaml$/;

/** What joins a Kubernetes cluster. Guessing tokens is as slow here as at enrolment. */
async function manifest(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  { context, coordinatorUrl, agentImage: image }: HttpOptions,
  limiter: RateLimiter,
) {
  const words = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  if (!limiter.take(callerOf(request.socket.remoteAddress), context.now().getTime())) {
    response.setHeader('retry-after', '5');
    return words(429, 'Too many requests from this address. Try again in some seconds.');
  }
  if (image === null)
    return words(
      503,
      'This coordinator knows no image of the agent: set SKEIN_AGENT_IMAGE and start it again.',
    );
  const text = await joinManifest(context, { token, coordinatorUrl, image });
  if (text === null)
    return words(
      404,
      'This join token is not one of a Kubernetes cluster, or counts no more. Make a new one in the dashboard.',
    );
  response.writeHead(200, {
    'content-type': 'application/yaml; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function enrol(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  limiter: RateLimiter,
) {
  if (!limiter.take(callerOf(request.socket.remoteAddress), options.context.now().getTime())) {
    response.setHeader('retry-after', '5');
    return refuse(response, 429, 'busy', 'Too many enrolments from this address. Try again in some seconds.');
  }
  const body = await readBody(request);
  if (body === undefined)
    return refuse(response, 400, 'invalid', 'The enrolment is too long or came too slowly.');
  const parsed = EnrolRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(response, 400, 'invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  const outcome = await enrolPeer(options.context, parsed.data);
  if (!outcome.ok)
    return refuse(response, STATUS[outcome.refusal.code], outcome.refusal.code, outcome.refusal.message);
  say('enrolled', { peerId: outcome.answer.peerId, networkId: outcome.answer.networkId });
  send(response, 200, outcome.answer);
}

async function health(response: ServerResponse, options: HttpOptions) {
  const asked = options.context.database.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
  const late = new Promise<false>((resolve) =>
    setTimeout(() => resolve(false), HEALTH_SECONDS * 1000).unref(),
  );
  const ok = await Promise.race([asked, late]);
  send(response, ok ? 200 : 503, { ok, database: ok });
}

/** The body as JSON; undefined where it is too long or too slow, null where it is no JSON. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  const late = setTimeout(() => request.destroy(), BODY_SECONDS * 1000);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
    return parseUntrusted(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    return error instanceof SyntaxError ? null : undefined;
  } finally {
    clearTimeout(late);
  }
}

function refuse(response: ServerResponse, status: number, code: EnrolRefusal['code'], message: string) {
  send(response, status, { code, message } satisfies EnrolRefusal);
}

function send(response: ServerResponse, status: number, body: object) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** The path alone: a query never matters here, and a broken URL is simply not found. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}
