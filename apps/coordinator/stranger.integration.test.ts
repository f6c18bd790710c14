import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL_PATH, ENROL_PATH } from '@skein/contract/agent/channel.ts';
import { type FreshDatabase, freshDatabase } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Coordinator, startCoordinator } from './coordinator.ts';

let fresh: FreshDatabase;
let coordinator: Coordinator;
let distribution: string;

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  distribution = await mkdtemp(join(tmpdir(), 'skein-distribution-'));
  coordinator = await startCoordinator({
    databaseUrl: fresh.url,
    masterKey: randomBytes(32),
    coordinatorUrl: 'http://192.0.2.10:7401',
    agentDistribution: distribution,
    agentImage: null,
    host: '127.0.0.1',
    port: 0,
    tls: null,
  });
});
afterAll(async () => {
  await coordinator.close();
  await fresh.drop();
  await rm(distribution, { recursive: true });
});

test('a stranger may not send more than a hello, nor end the coordinator by going at the wrong moment', async () => {
  const shouter = new WebSocket(`ws://127.0.0.1:${coordinator.port}${CHANNEL_PATH}`);
  const code = await new Promise((resolve) => {
    shouter.on('open', () => shouter.send('x'.repeat(1024 * 1024), () => {}));
    shouter.on('error', () => {});
    shouter.on('close', resolve);
  });
  expect(code).toBe(1006);
  const upgrade = 'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const gone = Array.from({ length: 40 }, (_, index) => {
    const socket = connect(coordinator.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(upgrade, () => setTimeout(() => socket.resetAndDestroy(), index % 4));
    return once(socket, 'close');
  });
  await Promise.all(gone);
  expect((await fetch(`http://127.0.0.1:${coordinator.port}/healthz`)).status).toBe(200);
});

test('healthz answers, unknown paths do not, and a malformed enrolment is told why', async () => {
  const http = `http://127.0.0.1:${coordinator.port}`;
  expect(await (await fetch(`${http}/healthz`)).json()).toEqual({ ok: true, database: true });
  expect((await fetch(`${http}/agent/../main.ts`)).status).toBe(404);
  const refused = await fetch(`${http}${ENROL_PATH}`, { method: 'POST', body: '{' });
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'invalid']);
});

test('the install script names this coordinator, and the agent comes as it was built', async () => {
  const http = `http://127.0.0.1:${coordinator.port}`;
  expect((await fetch(`${http}/install.sh`)).status).toBe(404);
  await writeFile(join(distribution, 'install.sh'), "# @COORDINATOR_URL@\nCOORDINATOR='@COORDINATOR_URL@'\n");
  const archive = randomBytes(200_000);
  await writeFile(join(distribution, 'agent-linux-x64.tar.gz'), archive);
  const script = await (await fetch(`${http}/install.sh`)).text();
  expect(script).toBe("# http://192.0.2.10:7401\nCOORDINATOR='http://192.0.2.10:7401'\n");
  const served = await fetch(`${http}/agent/agent-linux-x64.tar.gz`);
  expect(Buffer.from(await served.arrayBuffer()).equals(archive)).toBe(true);
  expect((await fetch(`${http}/agent/agent-linux-arm64.tar.gz`)).status).toBe(404);
});

test('enrolments from one address are slowed down, and one too long is not read', async () => {
  const ask = (body: string) =>
    fetch(`http://127.0.0.1:${coordinator.port}${ENROL_PATH}`, { method: 'POST', body });
  const long = await ask(`{"token":"${'x'.repeat(20_000)}"}`);
  expect([long.status, ((await long.json()) as { message: string }).message]).toEqual([
    400,
    'The enrolment is too long or came too slowly.',
  ]);
  const answers = [];
  for (let asked = 0; asked < 70; asked += 1) answers.push(await ask('{}'));
  expect(answers[0]?.status).toBe(400);
  const slowed = answers.at(-1);
  expect([slowed?.status, slowed?.headers.get('retry-after')]).toEqual([429, '5']);
  // What is not an enrolment goes on.
  expect((await fetch(`http://127.0.0.1:${coordinator.port}/healthz`)).status).toBe(200);
});
