/**
 * Taking networks down that are half made, that somebody else has put something into, and whose keys are wrong. Against
 * the lab's clouds on a ground of paper, with the worker as it runs in production.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { v1 } from '@google-cloud/compute';
import { deleteAccount } from '@skein/control/account/delete.ts';
import { checkAccount } from '@skein/control/drift/check-account.ts';
import { deleteAllOrphans, deleteOrphan } from '@skein/control/drift/delete-orphans.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { cancelOperation } from '@skein/control/operation/cancel.ts';
import { StepFailure, type StepHandler, TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { retryStep } from '@skein/control/operation/retry-step.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import type { Operation } from '@skein/control/operation/view.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { JWT } from 'google-auth-library';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let ec2: EC2Client;
/** The step after whose work a provision stands still. */
let halt: { key: string; reached: () => void } | undefined;
const signal = new AbortController().signal;

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  const haltable =
    (handler: StepHandler): StepHandler =>
    async (run) => {
      const here = halt?.key === run.step.key ? halt : undefined;
      const result = await handler(run);
      if (!here) return result;
      here.reached();
      await new Promise((resolve) => run.signal.addEventListener('abort', resolve, { once: true }));
      throw new StepFailure({ code: 'halted', message: 'halted', remedy: null, retryable: false });
    };
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 3600,
    },
    {
      handlers: Object.fromEntries(
        Object.entries(HANDLERS).map(([kind, handler]) => [kind, haltable(handler)]),
      ),
      timing: { ...TIMING, sweepSeconds: 0.3, heartbeatSeconds: 0.1, backoffSeconds: 0.2 },
      log: (level, message, details) => {
        if (level === 'error') console.error(message, details);
      },
    },
  );
  ec2 = new EC2Client({
    region: 'us-east-1',
    endpoint: practice.lab.awsUrl,
    credentials: practice.lab.accounts.aws,
  });
});
afterAll(async () => {
  ec2?.destroy();
  await worker?.close();
  await practice?.close();
});
beforeEach(() => {
  halt = undefined;
});

const nothing = { machines: [], realms: [], zones: [] };
const ended = (operation: { id: string }) =>
  eventually(
    async () => {
      const now = await getOperation(practice.context, { id: operation.id });
      return now.finishedAt ? now : undefined;
    },
    'the end of an operation',
    110,
  );
const wanted = (...names: string[]) => ({
  ...practice.wanted,
  clusters: practice.wanted.clusters
    .filter((cluster) => names.includes(cluster.name))
    .map((cluster) => ({ ...cluster, nodes: 1 })),
});
const failedOf = (operation: Operation) => operation.steps.filter((step) => step.state === 'failed');
const living = async (id: string) =>
  (await listResources(practice.context, { id })).filter((one) => one.status !== 'gone');

describe('a network that is half made', { timeout: 120_000 }, () => {
  const kinds = ['network', 'addresses', 'firewall', 'instances', 'join'];
  const points = [
    ...['prod', 'dev'].flatMap((cluster) => kinds.map((kind) => `${cluster}/${kind}`)),
    'zones',
    'records',
  ];
  it.each(points)('stopped after %s, leaves nothing behind when it is deleted', async (key) => {
    const reached = Promise.withResolvers<void>();
    halt = { key, reached: reached.resolve };
    const { network, operation } = await createNetwork(practice.context, wanted('prod', 'dev'));
    await reached.promise;
    await cancelOperation(practice.context, { id: operation.id });
    expect((await ended(operation)).state).toBe('cancelled');
    halt = undefined;
    await practice.succeeded(await deleteNetwork(practice.context, { id: network.id, confirm: 'shop' }));
    expect(practice.paper.ground()).toMatchObject(nothing);
    expect(await living(network.id)).toEqual([]);
  });
});

describe('a network that is made', { timeout: 120_000 }, () => {
  it('is not deleted while somebody else’s machine stands in its VPC, whose name is told', async () => {
    const { network, operation } = await createNetwork(practice.context, wanted('prod', 'dev'));
    await practice.succeeded(operation);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    const template = await practice.fresh.database.cloudResource.findFirstOrThrow({
      where: { networkId: network.id, kind: 'network', region: 'us-east-1' },
    });
    const subnet = Subnets?.find((one) => one.VpcId === template.externalId);
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ImageId: await imageOfOurs(),
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet?.SubnetId,
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'adas-database' }] }],
      }),
    );
    const foreign = Instances?.[0]?.InstanceId ?? '';
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: 'adas-group',
        Description: 'made by hand',
        VpcId: template.externalId ?? '',
      }),
    );
    const group = await practice.fresh.database.cloudResource.findFirstOrThrow({
      where: { networkId: network.id, key: 'firewall/member', region: 'us-east-1' },
    });
    const UserIdGroupPairs = [{ GroupId: group.externalId ?? '' }];
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs }],
      }),
    );
    const teardown = await deleteNetwork(practice.context, { id: network.id, confirm: 'shop' });
    const failed = await ended(teardown);
    expect(failed.state).toBe('failed');
    const failures = new Map(failedOf(failed).map((step) => [step.key, step]));
    expect([...failures.keys()].sort()).toEqual(['prod/delete-firewall', 'prod/delete-network']);
    for (const step of failures.values()) expect(step.error?.code).toBe('in-use');
    expect(failures.get('prod/delete-firewall')?.error?.message).toContain(
      `security group ${GroupId} (adas-group), whose rules name it`,
    );
    const held = failures.get('prod/delete-network')?.error?.message;
    expect(held).toContain(`instance ${foreign} (adas-database)`);
    expect(held).toContain(`security group ${GroupId} (adas-group)`);
    // Everything else went all the same, and the account stays while something of ours is left in it.
    expect((await living(network.id)).map((one) => one.key).sort()).toEqual(['firewall/member', 'network']);
    expect(practice.paper.ground().machines).toHaveLength(1);
    await expect(deleteAccount(practice.context, { id: practice.accounts.aws })).rejects.toMatchObject({
      code: 'conflict',
    });

    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [foreign] }));
    await eventually(
      async () => (practice.paper.ground().machines.length === 0 ? true : undefined),
      'the end of the machine',
    );
    await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    for (const key of ['prod/delete-firewall', 'prod/delete-network'])
      await retryStep(practice.context, { operationId: teardown.id, stepId: failures.get(key)?.id ?? '' });
    await practice.succeeded(teardown);
    expect(practice.paper.ground()).toMatchObject(nothing);
  });

  it('at Google is held by somebody else’s machine too, which Google names', async () => {
    const { network, operation } = await createNetwork(practice.context, wanted('dev'));
    await practice.succeeded(operation);
    const { project_id: project = '', client_email = '', private_key = '' } = practice.lab.accounts.gcp;
    const token = new JWT({
      email: client_email,
      key: private_key,
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    });
    token.useJWTAccessWithScope = true;
    const { hostname, port } = new URL(practice.lab.gcpUrl);
    const google = new v1.InstancesClient({
      projectId: project,
      authClient: token as never,
      apiEndpoint: hostname,
      port: Number(port),
      protocol: 'http',
    });
    const row = await practice.fresh.database.cloudResource.findFirstOrThrow({
      where: { networkId: network.id, kind: 'network' },
    });
    const { subnetId } = row.state as { subnetId: string };
    const at = { project, zone: 'us-central1-b' };
    const initializeParams = { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' };
    await google.insert({
      ...at,
      instanceResource: {
        name: 'adas-database',
        machineType: 'zones/us-central1-b/machineTypes/e2-small',
        disks: [{ boot: true, autoDelete: true, initializeParams }],
        networkInterfaces: [{ subnetwork: subnetId }],
      },
    });
    await eventually(
      async () => (practice.paper.ground().machines.length === 2 ? true : undefined),
      'the foreign machine',
    );
    const teardown = await deleteNetwork(practice.context, { id: network.id, confirm: 'shop' });
    const failed = await ended(teardown);
    expect(failedOf(failed).map((step) => [step.key, step.error?.code])).toEqual([
      ['dev/delete-network', 'in-use'],
    ]);
    expect(failedOf(failed)[0]?.error?.message).toContain('instances/adas-database');
    await google.delete({ ...at, instance: 'adas-database' });
    await eventually(
      async () => (practice.paper.ground().machines.length === 0 ? true : undefined),
      'the end of the machine',
    );
    const stepId = failedOf(failed)[0]?.id ?? '';
    await retryStep(practice.context, { operationId: teardown.id, stepId });
    await practice.succeeded(teardown);
    expect(practice.paper.ground()).toMatchObject(nothing);
  });

  it('is not touched under wrong keys: no cloud is asked to delete anything', async () => {
    const { network, operation } = await createNetwork(practice.context, wanted('prod', 'dev'));
    await practice.succeeded(operation);
    const { database } = practice.fresh;
    const id = practice.accounts.aws;
    const { credentialsSealed } = await database.cloudAccount.findUniqueOrThrow({ where: { id } });
    const place = {
      organizationId: practice.context.actor.organizationId,
      purpose: 'cloud-account',
      rowId: id,
    } as const;
    const wrong = { ...practice.lab.accounts.aws, secretAccessKey: 'w'.repeat(40) };
    const sealed = practice.context.sealer.seal(place, Buffer.from(JSON.stringify(wrong)));
    await database.cloudAccount.update({ where: { id }, data: { credentialsSealed: sealed } });
    const before = practice.paper.ground();
    const rows = await living(network.id);
    const teardown = await deleteNetwork(practice.context, { id: network.id, confirm: 'shop' });
    const failed = await ended(teardown);
    expect(failed.state).toBe('failed');
    expect(failedOf(failed).map((step) => [step.key, step.error?.code])).toEqual([
      ['credentials', 'unauthenticated'],
    ]);
    expect(failedOf(failed)[0]?.error?.message).toContain('Production');
    expect(practice.paper.ground()).toEqual(before);
    expect(await living(network.id)).toEqual(rows);

    await database.cloudAccount.update({ where: { id }, data: { credentialsSealed } });
    const stepId = failedOf(failed)[0]?.id ?? '';
    await retryStep(practice.context, { operationId: teardown.id, stepId });
    await practice.succeeded(teardown);
    expect(practice.paper.ground()).toMatchObject(nothing);
  });

  it('that our books forgot is found by its tags, and deleted when we say so', async () => {
    const { network, operation } = await createNetwork(practice.context, wanted('prod', 'dev'));
    await practice.succeeded(operation);
    const { database } = practice.fresh;
    // As after the restoring of an old backup.
    await database.network.delete({ where: { id: network.id } });
    const before = practice.paper.ground();
    const look = (id: string) =>
      checkAccount(practice.context, { id, everywhere: false, limitSeconds: 60, signal });
    // Without any row our books know no region of theirs.
    const everywhere = (id: string) =>
      checkAccount(practice.context, { id, everywhere: true, limitSeconds: 60, signal });
    const aws = await everywhere(practice.accounts.aws);
    expect(aws.unseen).toEqual([]);
    const kinds = aws.findings.map((one) => one.kind).sort();
    expect(new Set(kinds)).toEqual(new Set(['address', 'firewall', 'instance', 'network', 'zone']));
    for (const one of aws.findings)
      expect(one).toMatchObject({
        what: 'orphan',
        networkId: null,
        state: 'open',
        region: one.kind === 'zone' ? 'global' : 'us-east-1',
      });
    expect(practice.paper.ground()).toEqual(before);
    await expect(deleteAccount(practice.context, { id: practice.accounts.aws })).rejects.toMatchObject({
      code: 'conflict',
    });

    const machine = aws.findings.find((one) => one.kind === 'instance');
    await practice.succeeded(await deleteOrphan(practice.context, { id: machine?.id ?? '' }));
    expect(practice.paper.ground().machines.map((one) => one.realmId)).toHaveLength(
      before.machines.length - 1,
    );
    await practice.succeeded(await deleteAllOrphans(practice.context, { id: practice.accounts.aws }));
    expect((await look(practice.accounts.aws)).findings).toEqual([]);
    expect(practice.paper.ground().realms.map((one) => one.cloud)).toEqual(['gcp']);

    const gcp = await everywhere(practice.accounts.gcp);
    expect(gcp.findings.length).toBeGreaterThan(3);
    await practice.succeeded(await deleteAllOrphans(practice.context, { id: practice.accounts.gcp }));
    expect(practice.paper.ground()).toMatchObject(nothing);
    await expect(deleteAllOrphans(practice.context, { id: practice.accounts.gcp })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

/** An image that the lab knows: the one that our own machines run. */
async function imageOfOurs(): Promise<string> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
  return Reservations?.[0]?.Instances?.[0]?.ImageId ?? '';
}
