/** Every fault, met by the clouds' official clients. Each test first asserts that the fault bit. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { InstancesClient, NetworksClient, RegionsClient, ZoneOperationsClient } from '@google-cloud/compute';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../aws/eventually.ts';
import { type LabFixture, makeNetwork, openFixture, refusalOf, runOne } from '../aws/fixture.ts';
import { fetchToken } from '../gcp/fixture-token.ts';
import type { FaultRuleInput } from './rule.ts';

let fixture: LabFixture;
let ec2: EC2Client;
let networks: NetworksClient;
let regions: RegionsClient;
let instances: InstancesClient;
let operations: ZoneOperationsClient;
const project = 'skein-lab';
const zone = 'us-central1-a';

beforeAll(async () => {
  fixture = await openFixture();
  ec2 = fixture.ec2();
  const authClient = new OAuth2Client();
  authClient.refreshHandler = async () => ({
    access_token: await fetchToken(fixture.lab.accounts.gcp),
    expiry_date: Date.now() + 3_000_000,
  });
  const { port } = new URL(fixture.lab.gcpUrl);
  const options = { apiEndpoint: '127.0.0.1', port: Number(port), protocol: 'http', authClient } as never;
  networks = new NetworksClient(options);
  regions = new RegionsClient(options);
  instances = new InstancesClient(options);
  operations = new ZoneOperationsClient(options);
});
afterEach(() => fixture.lab.faults.clear());
afterAll(async () => {
  await Promise.all([networks, regions, instances, operations].map((each) => each.close()));
  await fixture.close();
});

const set = (...rules: FaultRuleInput[]) => fixture.lab.faults.set(rules);
const bitten = () => fixture.lab.faults.bitten().total;
/** What the request log says of the newest calls. */
async function logged(action: string): Promise<{ status: number; fault: string | null }[]> {
  const { promise, resolve } = Promise.withResolvers<string>();
  request(
    { agent: false, socketPath: join(fixture.directory, 'control.sock'), path: '/requests' },
    async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      resolve(text);
    },
  ).end();
  const all = JSON.parse(await promise) as { action: string; status: number; fault: string | null }[];
  return all.filter((each) => each.action === action).map(({ status, fault }) => ({ status, fault }));
}
const makeVpc = async () =>
  (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.64.0.0/20' }))).Vpc?.VpcId ?? '';
const vpcs = async () =>
  ((await ec2.send(new DescribeVpcsCommand({}))).Vpcs ?? []).map((each) => each.VpcId ?? '');
let made = 0;
const makeNet = () => {
  made += 1;
  return networks.insert({
    project,
    networkResource: { name: `net-${made}`, autoCreateSubnetworks: false },
  });
};
const nets = async () => (await networks.list({ project }))[0].map((each) => each.name ?? '');

/** How a call of a cloud is refused, as its SDK tells: Google's by gRPC's codes. */
const refusal = async (call: Promise<unknown>) => {
  const error = (await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as
    | undefined
    | { name: string; message: string; code?: unknown; $metadata?: { httpStatusCode?: number } };
  if (!error) throw new Error('the call was not refused');
  return error;
};

describe('refusals in the words of each cloud', () => {
  test.each<{ name: string; rule: FaultRuleInput; call: () => Promise<unknown>; says: object }>([
    {
      name: 'EC2 throttles',
      rule: { fault: { kind: 'throttle' } },
      call: makeVpc,
      says: { name: 'RequestLimitExceeded', $metadata: expect.objectContaining({ httpStatusCode: 503 }) },
    },
    {
      name: 'Route 53 throttles',
      rule: { fault: { kind: 'throttle' } },
      call: () => fixture.route53().send(new ListHostedZonesCommand({})),
      says: { name: 'Throttling', $metadata: expect.objectContaining({ httpStatusCode: 400 }) },
    },
    {
      name: 'Compute throttles',
      rule: { fault: { kind: 'throttle' } },
      call: nets,
      says: { code: 7, message: 'Rate Limit Exceeded' },
    },
    {
      name: 'EC2 fails',
      rule: { fault: { kind: 'error' } },
      call: makeVpc,
      says: { name: 'InternalError', $metadata: expect.objectContaining({ httpStatusCode: 500 }) },
    },
    {
      name: 'Compute fails',
      rule: { fault: { kind: 'error' } },
      call: makeNet,
      says: { code: 13, message: expect.stringContaining('Internal error') },
    },
    {
      name: 'a region of EC2 is down',
      rule: { region: 'us-east-1', fault: { kind: 'region-down', how: 'refuse' } },
      call: vpcs,
      says: { name: 'Unavailable', $metadata: expect.objectContaining({ httpStatusCode: 503 }) },
    },
    {
      name: 'a region of Compute is down, in its zones too',
      rule: { region: 'us-central1', fault: { kind: 'region-down', how: 'refuse' } },
      // Google's client repeats reads by itself.
      call: () => instances.delete({ project, zone, instance: 'any' }),
      says: { code: 14 },
    },
    {
      name: 'a region of EC2 is cut off',
      rule: { region: 'us-east-1', fault: { kind: 'region-down' } },
      call: vpcs,
      says: { code: 'ECONNRESET' },
    },
  ])('$name', async ({ rule, call, says }) => {
    const before = [await vpcs(), await nets()];
    set(rule);
    const error = await refusal(call());
    expect(bitten()).toBeGreaterThan(0);
    expect(error).toMatchObject(says);
    fixture.lab.faults.clear();
    expect([await vpcs(), await nets()]).toEqual(before);
  });

  test('other regions and clouds answer meanwhile', async () => {
    set({ region: 'us-east-1', fault: { kind: 'region-down' } });
    await refusal(vpcs());
    expect(bitten()).toBe(1);
    await fixture.ec2('us-west-2').send(new DescribeVpcsCommand({}));
    await nets();
    expect(bitten()).toBe(1);
  });
});

describe('lost answers', () => {
  test('the work is done and the log says so', async () => {
    set({ mutating: true, fault: { kind: 'lose-answer' } });
    const before = [await vpcs(), await nets()].flat().length;
    await expect(makeVpc()).rejects.toThrow();
    await expect(makeNet()).rejects.toThrow();
    expect(bitten()).toBe(2);
    expect([await vpcs(), await nets()].flat()).toHaveLength(before + 2);
    expect((await logged('CreateVpc')).at(-1)).toEqual({ status: 200, fault: 'lose-answer' });
    expect((await logged('networks.insert')).at(-1)).toEqual({ status: 200, fault: 'lose-answer' });
  });
});

describe('eventual consistency', () => {
  test('what was just made is missing in lists and gets, then it is there', async () => {
    set({ mutating: false, fault: { kind: 'stale', seconds: 0.6 } });
    const id = await makeVpc();
    const [answer] = await makeNet();
    const name = String((answer as { latestResponse?: { targetLink?: string } }).latestResponse?.targetLink)
      .split('/')
      .at(-1);
    expect(await vpcs()).not.toContain(id);
    expect(await refusalOf(ec2.send(new DescribeVpcsCommand({ VpcIds: [id] })))).toMatchObject({
      code: 'InvalidVpcID.NotFound',
    });
    expect(await nets()).not.toContain(name);
    expect(await refusal(networks.get({ project, network: name ?? '' }))).toMatchObject({ code: 5 });
    expect(bitten()).toBe(4);
    await eventually(vpcs).toContain(id);
    await eventually(nets).toContain(name);
    const settled = bitten();
    await sleep(700);
    await vpcs();
    expect(bitten()).toBe(settled);
  });

  test('changes do not find what was just made', async () => {
    set({ fault: { kind: 'not-yet', seconds: 0.6 } });
    const VpcId = await makeVpc();
    const subnet = () => ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.64.0.0/24' }));
    expect(await refusalOf(subnet())).toMatchObject({ code: 'InvalidVpcID.NotFound' });
    expect(bitten()).toBe(1);
    await sleep(700);
    await subnet();
    expect(bitten()).toBe(1);
  });
});

describe('slowness', () => {
  test('an answer is delayed', async () => {
    set({ fault: { kind: 'delay', milliseconds: 300 } });
    for (const call of [vpcs, nets]) {
      const start = performance.now();
      await call();
      expect(performance.now() - start).toBeGreaterThan(290);
    }
    expect(bitten()).toBe(2);
  });

  test('an EC2 instance boots late: it is pending, and the ground has no machine', async () => {
    const network = await makeNetwork(ec2);
    set({ fault: { kind: 'slow-operations', seconds: 1 } });
    const id = await runOne(ec2, network);
    expect(bitten()).toBe(1);
    const state = async () =>
      (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0]
        ?.State?.Name;
    await sleep(300);
    expect(await state()).toBe('pending');
    expect(fixture.realiser.ground().machines.map((each) => each.id)).not.toContain(id);
    await eventually(state).toBe('running');
    expect(fixture.realiser.ground().machines.map((each) => each.id)).toContain(id);
  });

  test('an operation of Compute runs on, and the machine it makes boots with its end', async () => {
    const call = async (path: string, body: object) => {
      const answer = await fetch(`${fixture.lab.gcpUrl}/compute/v1/projects/${project}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await fetchToken(fixture.lab.accounts.gcp)}` },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
      return (await answer.json()) as { name: string; targetId: string };
    };
    const network = await call('global/networks', { name: 'slow', autoCreateSubnetworks: false });
    await call(`global/operations/${network.name}/wait`, {});
    const range = { name: 'slow', network: 'global/networks/slow', ipCidrRange: '10.64.0.0/20' };
    const subnet = await call('regions/us-central1/subnetworks', range);
    await call(`regions/us-central1/operations/${subnet.name}/wait`, {});
    set({ action: 'instances.insert', fault: { kind: 'slow-operations', seconds: 1 } });
    const { name, targetId } = await call(`zones/${zone}/instances`, {
      name: 'slow',
      machineType: `zones/${zone}/machineTypes/e2-small`,
      networkInterfaces: [{ subnetwork: 'regions/us-central1/subnetworks/slow' }],
      disks: [
        {
          boot: true,
          autoDelete: true,
          initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
        },
      ],
    });
    expect(bitten()).toBe(1);
    const machines = () => fixture.realiser.ground().machines.map((each) => each.id);
    await sleep(500);
    const [running] = await operations.get({ project, zone, operation: name });
    expect([running.status, machines().includes(targetId)]).toEqual(['RUNNING', false]);
    const [ended] = await operations.wait({ project, zone, operation: name });
    expect([ended.status, ended.error ?? null, machines().includes(targetId)]).toEqual(['DONE', null, true]);
  });
});

describe('held calls', () => {
  test.each(['before', 'after'] as const)(
    'a call held %s its execution goes on when it is released',
    async (at) => {
      const before = (await vpcs()).length;
      const { promise, resolve } = Promise.withResolvers<number>();
      const stop = fixture.lab.faults.onHold((call) => resolve(call.id));
      set({ action: 'CreateVpc', when: { nth: 1 }, fault: { kind: 'hold', at } });
      const call = makeVpc();
      const id = await promise;
      expect(bitten()).toBe(1);
      expect(fixture.lab.faults.held()).toMatchObject([{ id, at, cloud: 'aws', action: 'CreateVpc' }]);
      expect(await vpcs()).toHaveLength(at === 'before' ? before : before + 1);
      expect(fixture.lab.faults.release(id)).toBe(true);
      await call;
      expect(await vpcs()).toHaveLength(before + 1);
      expect(fixture.lab.faults.release(id)).toBe(false);
      stop();
    },
  );

  test.each([
    { at: 'before', made: 0, log: { status: 0, fault: 'hold' } },
    { at: 'after', made: 1, log: { status: 200, fault: 'hold' } },
  ] as const)('a caller who goes while held $at leaves $made behind', async ({ at, made: left, log }) => {
    const before = (await vpcs()).length;
    const caller = new AbortController();
    fixture.lab.faults.onHold(() => caller.abort());
    set({ action: 'CreateVpc', fault: { kind: 'hold', at } });
    await expect(
      ec2.send(new CreateVpcCommand({ CidrBlock: '10.64.0.0/20' }), { abortSignal: caller.signal }),
    ).rejects.toThrow();
    await eventually(async () => fixture.lab.faults.held()).toEqual([]);
    expect(bitten()).toBe(1);
    expect(await vpcs()).toHaveLength(before + left);
    await eventually(async () => (await logged('CreateVpc')).at(-1)).toEqual(log);
  });
});
