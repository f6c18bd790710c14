import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Context } from '../../context.ts';
import { testContext } from '../../testing/context.ts';
import { createOperation } from '../create.ts';
import { LeaseLost, type TakenStep } from '../engine/step-run.ts';
import { takeStep } from '../engine/take.ts';
import { planned } from '../steps/planned.ts';
import { resumeOf } from './resume.ts';

let fresh: FreshDatabase;
let context: Context;

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
});
afterAll(() => fresh?.drop());

let networks = 0;
/** A step that this worker has just taken. */
async function taken(): Promise<TakenStep> {
  networks += 1;
  const { organizationId } = context.actor;
  const { id: networkId } = await fresh.database.network.create({
    data: {
      id: `net_${String(networks).padStart(20, '0')}`,
      organizationId,
      name: `net-${networks}`,
      zone: `n${networks}.skein.test`,
      cidr: `100.${64 + networks}.0.0/16`,
      mapPublicKey: '',
      mapPrivateKeySealed: new Uint8Array(1),
    },
  });
  await fresh.database.$transaction((tx) =>
    createOperation(tx, context, {
      networkId,
      kind: 'change-network',
      title: 'A test',
      steps: [planned('network', { key: 'one', title: 'one', cluster: null, dependsOn: [] })],
      clusterIds: new Map(),
    }),
  );
  const step = await takeStep(fresh.database, 30);
  if (!step) throw new Error('no step was due');
  return step;
}

it('keeps tokens on the step’s row, each by its key, for whoever takes the step next', async () => {
  const step = await taken();
  const resume = resumeOf({ step, context });
  expect(await resume.load('PUT a')).toBeUndefined();
  await Promise.all(Array.from({ length: 8 }, (_, i) => resume.save(`PUT ${i}`, `token-${i}`)));
  await resume.save('PUT 3', null);
  await resume.save('PUT 4', 'another');
  const later = resumeOf({ step: { ...step, fence: step.fence + 1 }, context });
  expect(await Promise.all([2, 3, 4].map((i) => later.load(`PUT ${i}`)))).toEqual([
    'token-2',
    undefined,
    'another',
  ]);
});

it('writes nothing for a worker that has lost the step', async () => {
  const step = await taken();
  const resume = resumeOf({ step, context });
  await resume.save('PUT a', 'mine');
  await fresh.database.step.update({ where: { id: step.id }, data: { fence: { increment: 1 } } });
  await expect(resume.save('PUT a', 'late')).rejects.toThrow(LeaseLost);
  await expect(resume.save('PUT a', null)).rejects.toThrow(LeaseLost);
  expect(await resume.load('PUT a')).toBe('mine');
});
