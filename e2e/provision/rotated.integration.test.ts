/** Keys that were revoked: nothing can be torn down until the account has new ones, which the cloud must know. */
import { rotateAccount } from '@skein/control/account/rotate.ts';
import { verifyAccount } from '@skein/control/account/verify.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { eventually } from '@skein/control/testing/context.ts';
import type { Accounts } from '@skein/lab/store/accounts.ts';
import { openStore } from '@skein/lab/store/store.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
beforeAll(async () => {
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
});

it('a network whose keys were revoked is torn down once the account has new ones', {
  timeout: 120_000,
}, async () => {
  const { context, fresh } = practice;
  const id = practice.accounts.aws;
  const { organizationId } = context.actor;
  const [prod] = practice.wanted.clusters;
  if (!prod) throw new Error('no cluster in the practice');
  const { network, operation } = await createNetwork(context, { ...practice.wanted, clusters: [prod] });
  await practice.succeeded(operation);
  const { identity } = await verifyAccount(context, { id });

  // The lab's keys cannot be revoked; to the cloud a key that is none is the same.
  const good = practice.lab.accounts.aws;
  const revoked = { ...good, secretAccessKey: 'r'.repeat(40) };
  const place = { organizationId, purpose: 'cloud-account', rowId: id } as const;
  await fresh.database.cloudAccount.update({
    where: { id },
    data: { credentialsSealed: context.sealer.seal(place, Buffer.from(JSON.stringify(revoked))) },
  });
  const stuck = await deleteNetwork(context, { id: network.id, confirm: 'shop' });
  const failed = await eventually(
    async () => {
      const now = await getOperation(context, { id: stuck.id });
      return now.finishedAt ? now : undefined;
    },
    'the end of the teardown',
    60,
  );
  expect(failed.state).toBe('failed');
  expect(failed.steps.flatMap((step) => step.error?.code ?? [])).toContain('unauthenticated');
  expect(practice.paper.ground().machines).toHaveLength(2);

  const row = () => fresh.database.cloudAccount.findUniqueOrThrow({ where: { id } });
  const before = await row();
  const { project_id = '', client_email = '', private_key = '' } = practice.lab.accounts.gcp;
  const accounts = openStore(`${practice.directory}/lab/state`)
    .section<Accounts>('accounts', () => ({ aws: [], gcp: [], azure: [] }))
    .read();
  const { accessKeyId = '', secretAccessKey = '' } = accounts.aws[1] ?? {};
  for (const [change, code] of [
    [{ provider: 'aws', credentials: revoked }, 'cloud-refused'],
    [{ provider: 'gcp', credentials: { project_id, client_email, private_key } }, 'invalid-request'],
    [{ provider: 'aws', credentials: { accessKeyId, secretAccessKey } }, 'conflict'],
  ] as const)
    await expect(rotateAccount(context, { id, ...change })).rejects.toMatchObject({ code });
  expect(await row()).toEqual(before);

  const rotated = await rotateAccount(context, { id, provider: 'aws', credentials: good });
  expect(rotated).toMatchObject({ id, identity, problem: null });
  const audit = await fresh.database.auditEvent.findMany({ where: { action: 'cloud-account.rotate' } });
  expect(audit).toMatchObject([{ target: id, details: { identity } }]);
  expect(JSON.stringify(audit.map((one) => one.details))).not.toContain(good.secretAccessKey);

  await practice.succeeded(await deleteNetwork(context, { id: network.id, confirm: 'shop' }));
  expect(practice.paper.ground()).toMatchObject({ machines: [], realms: [], zones: [] });
});
