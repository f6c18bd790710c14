/** Server-sent events, the document, and what a failure of ours tells. */
import { CHANNEL, notify } from '@skein/database/notify.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type House, openHouse } from './testing/house.ts';

let house: House;
let networkId: string;
let operationId: string;
let stepId: string;

beforeAll(async () => {
  house = await openHouse(inject('databaseUrl'));
  const created = await house.ask('POST', '/networks', {
    body: {
      name: 'shop',
      zone: 'shop.skein.test',
      clusters: [{ name: 'office', cloudAccountId: null, region: 'office', nodes: 0 }],
    },
  });
  networkId = created.body.network.id;
  // A plan over plain hosts may have no steps: an operation of our own has one to talk about.
  const { organizationId } = house.ours;
  operationId = 'op_00000000000000000000';
  stepId = 'step_00000000000000000000';
  await house.fresh.database.operation.create({
    data: {
      id: operationId,
      organizationId,
      networkId,
      kind: 'provision',
      title: 'Test',
      state: 'running',
      actor: 'user x',
    },
  });
  await house.fresh.database.step.create({
    data: { id: stepId, organizationId, operationId, key: 'one', kind: 'one', title: 'One', position: 0 },
  });
});
afterAll(() => house.close());

async function say(message: string): Promise<string> {
  const { organizationId } = house.ours;
  return house.fresh.database.$transaction(async (tx) => {
    const line = await tx.stepLog.create({
      data: { organizationId, operationId, stepId, attempt: 1, level: 'info', message },
    });
    await notify(tx, CHANNEL.operation, JSON.stringify({ operationId }));
    return line.id.toString();
  });
}

/** Reads a stream until `enough`, then hangs up. */
async function listen(path: string, enough: (text: string) => boolean, headers: Record<string, string> = {}) {
  const hangUp = new AbortController();
  const answer = await house.api.request(`/api/v1${path}`, {
    headers: { authorization: `Bearer ${house.ours.token}`, ...headers },
    signal: hangUp.signal,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch('text/event-stream');
  expect(answer.headers.get('cache-control')).toMatch('no-transform');
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!enough(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  hangUp.abort();
  await reader.cancel();
  return text;
}

test('an operation’s log lines come live, and a reader resumes after the last it saw', async () => {
  const first = await say('first');
  let said = false;
  const text = await listen(`/operations/${operationId}/events`, (read) => {
    // Only once all there was has come, so that what follows comes live.
    if (!said && read.includes('event: operation')) {
      said = true;
      void say('second');
    }
    return read.includes('"second"');
  });
  expect(text).toContain(`id: ${first}\nevent: log\ndata: {"id":"${first}"`);

  const resumed = await listen(
    `/operations/${operationId}/events`,
    (read) => read.includes('event: operation'),
    {
      'last-event-id': first,
    },
  );
  expect(resumed).not.toContain('"first"');
  expect(resumed).toContain('"second"');
});

test('the stream of an ended operation ends by itself', async () => {
  const { database } = house.fresh;
  await database.operation.update({ where: { id: operationId }, data: { state: 'succeeded' } });
  const text = await listen(`/operations/${operationId}/events`, () => false);
  expect(text).toContain('"state":"succeeded"');
});

test('a network’s stream begins with the whole topology', async () => {
  const text = await listen(`/networks/${networkId}/events`, (read) => read.includes('event: topology'));
  expect(text).toMatch(/data: \{"revision":\d+,.*"peers":\[\]/);
});

test('too many streams of one organization are refused, and closing them makes room', async () => {
  const hangUp = new AbortController();
  const open = () =>
    house.api.request(`/api/v1/networks/${networkId}/events`, {
      headers: { authorization: `Bearer ${house.ours.token}` },
      signal: hangUp.signal,
    });
  const answers: Response[] = [];
  for (let count = 0; count < 64; count++) answers.push(await open());
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  const refused = await open();
  expect(refused.status).toBe(429);
  hangUp.abort();
  await Promise.all(answers.map((answer) => answer.body?.cancel()));
  await listen(`/networks/${networkId}/events`, (read) => read.includes('event: topology'));
});

test('the document is OpenAPI 3.1, and every route in it has a summary and says who may call', async () => {
  const { status, body } = await house.ask('GET', '/openapi.json', { token: null });
  expect(status).toBe(200);
  expect(body.openapi).toBe('3.1.0');
  const routes = Object.values<Record<string, { summary?: string; security?: unknown[]; responses: object }>>(
    body.paths,
  ).flatMap((methods) => Object.values(methods));
  expect(routes.length).toBeGreaterThan(35);
  for (const route of routes) {
    expect(route.summary).toBeTruthy();
    expect(route.security).toBeDefined();
    expect(route.responses).toHaveProperty('default');
  }
  expect(body.components.schemas.Network.example.name).toBe('shop');
});

test('a failure of ours tells a request id and no more; the log has the rest', async () => {
  await house.fresh.database.$executeRaw`ALTER TABLE network RENAME TO network_gone`;
  const answer = await house.ask('GET', '/networks');
  await house.fresh.database.$executeRaw`ALTER TABLE network_gone RENAME TO network`;
  expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
  expect(JSON.stringify(answer.body)).not.toMatch(/network|prisma|relation/i);
  expect(answer.headers.get('x-request-id')).toBe(answer.body.requestId);
  expect(house.logged.map((entry) => entry.requestId)).toContain(answer.body.requestId);
});

test('answers carry headers that keep browsers careful', async () => {
  const { headers } = await house.ask('GET', '/healthz', { token: null });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
});
