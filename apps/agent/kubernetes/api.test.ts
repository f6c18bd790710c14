import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { certify } from '../relay/tls/certificate.ts';
import { type KubernetesApi, openKubernetes, type WatchEvent, WatchExpired } from './api.ts';

const certificateOf = () => certify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const open: { server: Server; api: KubernetesApi }[] = [];
afterEach(() => {
  for (const { server, api } of open.splice(0)) {
    api.close();
    server.closeAllConnections();
    server.close();
  }
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: { ca?: string; tokens?: string[] } = {},
): Promise<KubernetesApi> {
  const { key, certificate } = certificateOf();
  const server = createServer({ key, cert: certificate }, answer);
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const tokens = [...(options.tokens ?? ['one'])];
  const api = openKubernetes({
    server: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: options.ca ?? certificate,
    credential: async () => ({ token: tokens.length > 1 ? (tokens.shift() ?? '') : (tokens[0] ?? '') }),
  });
  open.push({ server, api });
  return api;
}
const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  return text;
}

async function eventsOf(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

test('a request says who asks, by the token of that moment, and what', async () => {
  const api = await serve(
    async (request, response) =>
      json(response, 201, {
        method: request.method,
        url: request.url,
        who: request.headers.authorization,
        type: request.headers['content-type'] ?? null,
        body: await bodyOf(request),
      }),
    { tokens: ['one', 'two'] },
  );
  const apply = 'application/apply-patch+yaml';
  const path = '/api/v1/namespaces/a?fieldManager=skein';
  expect(await api.request('PATCH', path, { kind: 'Namespace' }, apply)).toEqual({
    status: 201,
    body: { method: 'PATCH', url: path, who: 'Bearer one', type: apply, body: '{"kind":"Namespace"}' },
  });
  expect((await api.request('GET', '/version')).body).toMatchObject({
    who: 'Bearer two',
    type: null,
    body: '',
  });
});

test('a refusal is an answer, and text stays text', async () => {
  const api = await serve((request, response) =>
    request.url === '/readyz' ? response.end('ok') : json(response, 403, { kind: 'Status', message: 'no' }),
  );
  expect(await api.request('GET', '/api/v1/secrets')).toEqual({
    status: 403,
    body: { kind: 'Status', message: 'no' },
  });
  expect(await api.request('GET', '/readyz')).toEqual({ status: 200, body: 'ok' });
});

test('a server that another authority certified hears no token', async () => {
  let heard = 0;
  const api = await serve(
    (_, response) => {
      heard += 1;
      response.end();
    },
    { ca: certificateOf().certificate },
  );
  await expect(api.request('GET', '/version')).rejects.toMatchObject({ code: 'unreachable' });
  expect(heard).toBe(0);
});

test('nobody there', async () => {
  const api = openKubernetes({
    server: 'https://localhost:1',
    ca: certificateOf().certificate,
    credential: async () => ({ token: 'secret' }),
  });
  const failure = await api.request('GET', '/version').catch((error: Error) => error);
  expect(failure).toMatchObject({ code: 'unreachable' });
  expect(String(failure)).not.toContain('secret');
});

test('a watch gives whole events however they are cut, and ends with the server', async () => {
  const events = [
    { type: 'ADDED', object: { metadata: { name: 'ä', resourceVersion: '5' } } },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
  ];
  let asked = '';
  const api = await serve((request, response) => {
    asked = request.url ?? '';
    response.writeHead(200, { 'content-type': 'application/json' });
    const bytes = Buffer.from(`${events.map((one) => JSON.stringify(one)).join('\n')}\n{"type":"ADD`);
    const cut = bytes.indexOf(Buffer.from('ä')) + 1;
    response.write(bytes.subarray(0, cut));
    setTimeout(() => response.end(bytes.subarray(cut)), 20);
  });
  const watch = api.watch('/api/v1/pods?labelSelector=a', '4', new AbortController().signal);
  expect(await eventsOf(watch)).toEqual(events);
  expect(asked).toMatch(/^\/api\/v1\/pods\?labelSelector=a&watch=1&.*resourceVersion=4&timeoutSeconds=\d+$/);
});

test('a version that is too old is told apart, said as an answer or as an event', async () => {
  const api = await serve((request, response) => {
    if (request.url?.startsWith('/early')) return json(response, 410, { kind: 'Status', code: 410 });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"type":"ERROR","object":{"kind":"Status","code":410}}\n');
  });
  const { signal } = new AbortController();
  await expect(eventsOf(api.watch('/early', '1', signal))).rejects.toBeInstanceOf(WatchExpired);
  await expect(eventsOf(api.watch('/late', '1', signal))).rejects.toBeInstanceOf(WatchExpired);
});

test('a refused watch and a broken one throw, one that we end does not', async () => {
  const api = await serve((request, response) => {
    if (request.url?.startsWith('/denied')) return json(response, 403, { message: 'pods is forbidden' });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}\n');
    if (request.url?.startsWith('/broken')) setTimeout(() => response.destroy(), 20);
  });
  const { signal } = new AbortController();
  await expect(eventsOf(api.watch('/denied', '1', signal))).rejects.toThrow('pods is forbidden');
  await expect(eventsOf(api.watch('/broken', '1', signal))).rejects.toMatchObject({ code: 'unreachable' });
  const ours = new AbortController();
  const seen: string[] = [];
  for await (const event of api.watch('/held', '1', ours.signal)) {
    seen.push(event.type);
    ours.abort();
  }
  expect(seen).toEqual(['ADDED']);
});
