/**
 * A network whose public zone is on a name server of one's own (Debian's Knot, by signed updates) and whose private zone
 * is in its cluster's cloud. Of the name server's zone only our records come and go.
 */
import { createAccount } from '@skein/control/account/create.ts';
import { verifyAccount } from '@skein/control/account/verify.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { asSomebody, readZone } from '../compliance/name-server-hands.ts';
import { EXAMPLE_SECRET, type RunningServer, startKnot } from '../compliance/name-servers.ts';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

const ZONE = 'shop.skein.test';
let practice: Practice;
let server: RunningServer;
let worker: { close(): Promise<void> };

beforeAll(async () => {
  server = await startKnot([ZONE]);
  practice = await practise(inject('databaseUrl'));
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 300,
    },
    { handlers: HANDLERS, timing: { ...TIMING, sweepSeconds: 0.5 }, log: () => {} },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
  await server?.close();
});

it('writes its names there, and leaves the zone and others’ records when it goes', {
  timeout: 120_000,
}, async () => {
  const theirs = { name: `www.${ZONE}`, type: 'A', values: ['203.0.113.80'] };
  await asSomebody(server, 'add', theirs);
  const account = await createAccount(practice.context, {
    provider: 'rfc2136',
    name: 'Own name server',
    credentials: {
      server: '127.0.0.1',
      port: server.port,
      keyName: 'skein',
      algorithm: 'hmac-sha256',
      secret: EXAMPLE_SECRET,
    },
  });
  expect((await verifyAccount(practice.context, account)).problem).toBeNull();

  const [, , dev] = practice.wanted.clusters;
  if (!dev) throw new Error('no cluster in Google Cloud');
  const made = await createNetwork(practice.context, {
    ...practice.wanted,
    dnsCloudAccountId: account.id,
    clusters: [dev],
  });
  await practice.succeeded(made.operation);
  const { id } = made.network;
  const kinds = async () =>
    (await listResources(practice.context, { id }))
      .filter((one) => one.kind === 'zone' || one.kind === 'record')
      .map((one) => `${one.provider} ${one.key} ${one.status}`)
      .sort();
  expect(await kinds()).toEqual([
    'gcp records/private present',
    'gcp zone/private present',
    'rfc2136 records/public present',
    'rfc2136 zone/public present',
  ]);
  const held = await readZone(server, ZONE);
  expect(held).toContain(`www.${ZONE} A 203.0.113.80`);
  expect(held).toContain(`_skein.dev.${ZONE} TXT "owner=${id}"`);
  expect(held.filter((line) => line.startsWith(`dev.${ZONE} A `))).toHaveLength(1);
  const inside = practice.paper.ground().zones.filter((zone) => zone.name === `dev.${ZONE}`);
  expect(inside).toHaveLength(1);

  const gone = await deleteNetwork(practice.context, { id, confirm: made.network.name });
  const end = await practice.succeeded(gone);
  expect(end.state).toBe('succeeded');
  expect(await readZone(server, ZONE)).toEqual([`www.${ZONE} A 203.0.113.80`]);
  expect(practice.paper.ground().zones).toEqual([]);
});
