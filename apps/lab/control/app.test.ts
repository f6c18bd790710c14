/** The control API on its socket, and what a new start of the lab finds. */
import { request } from 'node:http';
import { join } from 'node:path';
import { CreateVpcCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../aws/eventually.ts';
import { type LabFixture, makeNetwork, openFixture, runOne } from '../aws/fixture.ts';

let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes
function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>();
  const sent = request(
    { agent: false, socketPath: join(fixture.directory, 'control.sock'), method, path },
    (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString()) }),
      );
    },
  );
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

test('tells accounts, requests, machines and how the ground stands, over a new start too', async () => {
  const ec2 = fixture.ec2();
  const network = await makeNetwork(ec2);
  const id = await runOne(ec2, network, {
    UserData: Buffer.from('#!/bin/sh\n').toString('base64'),
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'node-1' }] }],
  });
  await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/8' })).catch(() => undefined);
  await eventually(async () => (await ask('GET', '/health')).body.ground).toEqual({ state: 'stands' });
  fixture.realiser.set(id, { console: `${'.'.repeat(5000)}end`, userDataExit: 0 });

  const before = (await ask('GET', '/requests')).body;
  expect(before.at(-1)).toMatchObject({
    cloud: 'aws',
    service: 'ec2',
    action: 'CreateVpc',
    region: 'us-east-1',
    status: 400,
    error: 'InvalidVpc.Range',
    mutating: true,
  });
  const accounts = (await ask('GET', '/accounts')).body;
  expect(accounts.aws[0]).toMatchObject(fixture.lab.accounts.aws);
  expect(accounts.gcp[0]).toEqual(fixture.lab.accounts.gcp);
  expect(accounts.azure[0]).toMatchObject(fixture.lab.accounts.azure);
  expect((await ask('GET', '/health')).body).toMatchObject({
    ok: true,
    urls: { azure: fixture.lab.azureUrl },
  });

  await fixture.restart();
  const machines = (await ask('GET', '/machines')).body;
  expect(machines).toMatchObject([
    {
      id,
      name: 'node-1',
      cloud: 'aws',
      state: 'running',
      privateAddress: '10.64.0.4',
      publicAddress: null,
      userDataExit: 0,
    },
  ]);
  expect(machines[0].console).toHaveLength(4000);
  expect((await ask('GET', '/accounts')).body.aws).toEqual(accounts.aws);
  const { Reservations } = await fixture.ec2().send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({ InstanceId: id, State: { Name: 'running' } });
  const after = (await ask('GET', `/requests?after=${before.at(-1).number}`)).body;
  expect(after.map((each: { action: string }) => each.action)).toEqual(['DescribeInstances']);

  const ran = await ask('POST', `/machines/${id}/run`, { command: ['true'] });
  expect(ran).toEqual({ status: 200, body: { exit: 127, stdout: '', stderr: 'paper: cannot run true\n' } });
  expect((await ask('POST', '/machines/i-0/run', { command: ['true'] })).status).toBe(404);
  expect((await ask('POST', `/machines/${id}/run`, { command: 'true' })).status).toBe(400);

  await ask('POST', '/shutdown');
  await fixture.lab.shutdown;
});
