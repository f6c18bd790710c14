/**
 * Somebody changes things by hand in the clouds: one look finds it and says who it was, the worker mends it, and the
 * network says so. Against the lab's clouds on a ground of paper, with the worker as it runs in production.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DisassociateAddressCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  RevokeSecurityGroupIngressCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { ChangeResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { v1 } from '@google-cloud/compute';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { openCloud } from '@skein/control/cloud/open.ts';
import { dismissFinding } from '@skein/control/drift/dismiss.ts';
import { healFinding } from '@skein/control/drift/heal.ts';
import { listDrift } from '@skein/control/drift/list.ts';
import { lookNow } from '@skein/control/drift/look-now.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { listOperations } from '@skein/control/operation/list.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { JWT } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let networkId = '';
let ec2: EC2Client;
let firewalls: v1.FirewallsClient;
const signal = new AbortController().signal;

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
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
      handlers: HANDLERS,
      timing: { ...TIMING, sweepSeconds: 0.5 },
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
  const { hostname, port } = new URL(practice.lab.gcpUrl);
  const token = new JWT({
    email: practice.lab.accounts.gcp.client_email ?? '',
    key: practice.lab.accounts.gcp.private_key ?? '',
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  token.useJWTAccessWithScope = true;
  firewalls = new v1.FirewallsClient({
    projectId: practice.lab.accounts.gcp.project_id ?? '',
    authClient: token as never,
    apiEndpoint: hostname,
    port: Number(port),
    protocol: 'http',
  });
  const { network, operation } = await createNetwork(practice.context, practice.wanted);
  networkId = network.id;
  await practice.succeeded(operation);
}, 120_000);
afterAll(async () => {
  ec2?.destroy();
  await worker?.close();
  await practice?.close();
});

const look = () => lookNow(practice.context, { id: networkId, signal });
const drift = async () => (await getNetwork(practice.context, { id: networkId })).drift;
const resource = async (key: string, region: string) => {
  const all = await listResources(practice.context, { id: networkId });
  const found = all.find((one) => one.key === key && one.region === region && one.status === 'present');
  if (!found?.externalId) throw new Error(`no ${key} in ${region}`);
  return found.externalId;
};
/** The state in which a finding ends. */
const ended = (id: string) =>
  eventually(
    async () =>
      (await listDrift(practice.context, { id: networkId })).find((one) => one.id === id && one.endedAt),
    'the end of a finding',
    90,
  );
const policy = (driftPolicy: string) =>
  practice.fresh.database.network.update({ where: { id: networkId }, data: { driftPolicy } });
const rulesOf = async (GroupId: string) => {
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  const rules = SecurityGroups?.[0]?.IpPermissions ?? [];
  return rules
    .flatMap((one) => one.IpRanges?.map((range) => `${one.IpProtocol} ${one.FromPort} ${range.CidrIp}`) ?? [])
    .sort();
};

describe('drift', { timeout: 120_000 }, () => {
  it('finds nothing in a network that was just made', async () => {
    const { findings, unseen } = await look();
    expect({ findings, unseen }).toEqual({ findings: [], unseen: [] });
    expect((await getNetwork(practice.context, { id: networkId })).driftCheckedAt).not.toBeNull();
  });

  it('AWS: a security group that was widened and cut by hand is found, says who, and is mended', async () => {
    const GroupId = await resource('firewall/gateway', 'us-east-1');
    const before = await rulesOf(GroupId);
    const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
    const vpc = SecurityGroups?.[0]?.IpPermissions?.[0]?.IpRanges?.find((one) =>
      one.CidrIp?.startsWith('10.'),
    );
    const udp = (CidrIp = '') => [
      { IpProtocol: 'udp', FromPort: 51820, ToPort: 51820, IpRanges: [{ CidrIp }] },
    ];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: udp('0.0.0.0/0') }));
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: udp(vpc?.CidrIp) }));
    expect(await rulesOf(GroupId)).not.toEqual(before);

    const { findings } = await look();
    expect(findings).toMatchObject([
      { kind: 'firewall', key: 'firewall/gateway', what: 'changed', region: 'us-east-1', provider: 'aws' },
    ]);
    const [finding] = findings;
    expect(finding?.differences).toHaveLength(1);
    expect(finding?.differences[0]).toMatchObject({ field: 'UDP 51820' });
    expect(finding?.differences[0]?.found).toContain('0.0.0.0/0');
    expect(finding?.differences[0]?.expected).toContain(vpc?.CidrIp);
    expect(finding?.changedBy).toMatchObject({ action: 'RevokeSecurityGroupIngress' });
    expect(finding?.changedBy?.who).toContain('user/');
    expect(finding?.state).toBe('healing');
    expect(await drift()).toBe(1);

    expect((await ended(finding?.id ?? '')).state).toBe('healed');
    expect(await rulesOf(GroupId)).toEqual(before);
    expect(await drift()).toBe(0);
    const operations = await listOperations(practice.context, { networkId, limit: 50 });
    expect(operations.items[0]).toMatchObject({ kind: 'heal', state: 'succeeded' });
  });

  it('Google: a firewall rule that was widened, and one that was deleted, are found and mended', async () => {
    const project = practice.lab.accounts.gcp.project_id ?? '';
    const own = await resource('firewall/gateway', 'us-central1');
    const members = await resource('firewall/member', 'us-central1');
    const held = async () => {
      const [all] = await firewalls.list({ project });
      const shown = all
        .filter((one) => one.name?.startsWith(`${own}-`) || one.name?.startsWith(`${members}-`))
        .map((one) => [one.name, [...(one.sourceRanges ?? [])].sort()]);
      return JSON.stringify(shown.sort());
    };
    const before = await held();
    const [all] = await firewalls.list({ project });
    const widened = all.find((one) => one.name?.startsWith(`${own}-`));
    const deleted = all.find((one) => one.name?.startsWith(`${members}-`));
    await firewalls.patch({
      project,
      firewall: widened?.name ?? '',
      firewallResource: { sourceRanges: ['0.0.0.0/0'] },
    });
    await firewalls.delete({ project, firewall: deleted?.name ?? '' });
    await eventually(
      async () =>
        (await held()).includes('0.0.0.0/0') && !(await held()).includes(`${members}-`) ? true : undefined,
      'the changes by hand',
    );

    const { findings } = await look();
    expect(findings.map((one) => [one.key, one.what]).sort()).toEqual([
      ['firewall/gateway', 'changed'],
      ['firewall/member', 'missing'],
    ]);
    for (const one of findings) expect(one.changedBy?.who).toBe(practice.lab.accounts.gcp.client_email);
    for (const one of findings) expect((await ended(one.id)).state).toBe('healed');
    expect(await held()).toBe(before);
  });

  it('waits for a person where the policy says so, and leaves alone what was dismissed', async () => {
    await policy('ask');
    const GroupId = await resource('firewall/member', 'us-east-1');
    const before = await rulesOf(GroupId);
    const IpPermissions = [
      { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '203.0.113.9/32' }] },
    ];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    const [found] = (await look()).findings;
    expect(found).toMatchObject({
      state: 'open',
      differences: [{ field: 'TCP 22', expected: 'closed', found: 'open from 203.0.113.9/32' }],
    });
    const id = found?.id ?? '';
    await dismissFinding(practice.context, { id });
    expect(await drift()).toBe(0);
    expect((await look()).findings).toMatchObject([{ id, state: 'dismissed' }]);

    // Something else at the same resource is a matter of its own.
    IpPermissions.push({
      IpProtocol: 'tcp',
      FromPort: 23,
      ToPort: 23,
      IpRanges: [{ CidrIp: '203.0.113.9/32' }],
    });
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: IpPermissions.slice(1) }),
    );
    expect((await look()).findings).toMatchObject([{ id, state: 'open' }]);
    await practice.succeeded(await healFinding(practice.context, { id }));
    expect((await ended(id)).state).toBe('healed');
    expect(await rulesOf(GroupId)).toEqual(before);

    // What goes by itself was not mended by us.
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: IpPermissions.slice(1) }),
    );
    const [passing] = (await look()).findings;
    await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: IpPermissions.slice(1) }));
    expect((await look()).findings).toEqual([]);
    expect((await ended(passing?.id ?? '')).state).toBe('gone');
    await policy('heal');
  });

  it('AWS: a gateway that may no longer forward, lost its address and was stopped is put right', async () => {
    const peers = await practice.fresh.database.peer.findMany({ where: { networkId, role: 'gateway' } });
    const row = await practice.fresh.database.cloudResource.findFirstOrThrow({
      where: {
        networkId,
        kind: 'instance',
        region: 'us-east-1',
        key: { in: peers.map((one) => `instance/${one.name}`) },
      },
    });
    const InstanceId = row.externalId ?? '';
    const machine = async () =>
      (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }))).Reservations?.[0]
        ?.Instances?.[0];
    const before = await machine();
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, SourceDestCheck: { Value: true } }));
    const { Addresses } = await ec2.send(
      new DescribeAddressesCommand({ Filters: [{ Name: 'instance-id', Values: [InstanceId] }] }),
    );
    await ec2.send(new DisassociateAddressCommand({ AssociationId: Addresses?.[0]?.AssociationId ?? '' }));
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    await eventually(
      async () => ((await machine())?.State?.Name === 'stopped' ? true : undefined),
      'the stop',
    );

    const [finding] = (await look()).findings;
    expect(finding?.differences.map((one) => one.field)).toEqual([
      'state',
      'public address',
      'forwarding of others’ packets',
    ]);
    expect((await ended(finding?.id ?? '')).state).toBe('healed');
    const after = await machine();
    expect(after?.PublicIpAddress).toBe(before?.PublicIpAddress);
    expect(after?.SourceDestCheck).toBe(false);
    expect(after?.State?.Name).toBe('running');
  });

  it('a machine that was ended by hand is made anew and joins as the same peer', async () => {
    const peer = await practice.fresh.database.peer.findFirstOrThrow({
      where: { networkId, role: 'member', cluster: { name: 'prod' } },
    });
    const InstanceId = await resource(`instance/${peer.name}`, 'us-east-1');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    const { findings } = await look();
    expect(findings).toMatchObject([{ key: `instance/${peer.name}`, what: 'missing' }]);
    expect((await ended(findings[0]?.id ?? '')).state).toBe('healed');
    const now = await practice.fresh.database.peer.findUniqueOrThrow({ where: { id: peer.id } });
    expect(now.identityKey).not.toBe(peer.identityKey);
    expect(now.overlayAddress).toBe(peer.overlayAddress);
    expect(await resource(`instance/${peer.name}`, 'us-east-1')).not.toBe(InstanceId);
    expect(practice.agents.refused).toEqual([]);
    expect((await look()).findings).toEqual([]);
  });

  it('records that were changed and added by hand are found in the zone that they are in, and mended', async () => {
    const [zone] = practice.paper.ground().zones.filter((one) => one.visibility === 'public');
    const record = zone?.records.find((one) => one.type === 'A' && one.name.startsWith('node-1.prod.'));
    if (!zone || !record) throw new Error('the public zone has no such record');
    const dns = new Route53Client({
      region: 'us-east-1',
      endpoint: practice.lab.awsUrl,
      credentials: practice.lab.accounts.aws,
    });
    await dns.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: await resource('zone/public', 'global'),
        ChangeBatch: {
          Changes: [
            {
              Action: 'UPSERT',
              ResourceRecordSet: {
                Name: record.name,
                Type: 'A',
                TTL: record.ttlSeconds,
                ResourceRecords: [{ Value: '203.0.113.66' }],
              },
            },
          ],
        },
      }),
    );
    dns.destroy();
    const { findings } = await look();
    expect(findings).toMatchObject([
      {
        key: 'records/public',
        what: 'changed',
        differences: [{ field: record.name, found: '203.0.113.66 for 60 s' }],
      },
    ]);
    expect((await ended(findings[0]?.id ?? '')).state).toBe('healed');
    const now = practice.paper.ground().zones.find((one) => one.id === zone.id);
    expect(now?.records.find((one) => one.name === record.name && one.type === 'A')?.values).toEqual(
      record.values,
    );
  });

  it('a whole VPC that was taken away is made anew with all that stood in it', async () => {
    const { database } = practice.fresh;
    const cluster = await database.cluster.findFirstOrThrow({ where: { networkId, name: 'recovery' } });
    const account = await database.cloudAccount.findUniqueOrThrow({ where: { id: practice.accounts.aws } });
    const cloud = openCloud(practice.context, account, cluster.region);
    const call = { signal, waitingFor: () => {}, attempt: 1, resume: resumeInMemory() };
    const owner = { organizationId: practice.context.actor.organizationId, networkId, clusterId: cluster.id };
    for (const shelf of [cloud.instances, cloud.firewalls, cloud.networks])
      for (const { key } of await shelf.list(owner, call)) await shelf.delete({ owner, key }, call);
    const { findings } = await look();
    const missing = findings.filter((one) => one.what === 'missing').map((one) => one.key);
    expect(missing).toEqual(
      expect.arrayContaining(['network', 'firewall/gateway', 'firewall/member', 'instance/node-1']),
    );
    for (const one of findings) expect((await ended(one.id)).state).toBe('healed');
    const { peers } = await getNetwork(practice.context, { id: networkId });
    expect(peers.connected).toBe(peers.expected);
    expect((await look()).findings).toEqual([]);
  });

  it('names what could not be looked at, and takes nothing there for gone', async () => {
    const { database } = practice.fresh;
    const id = practice.accounts.gcp;
    const { endpoint } = await database.cloudAccount.findUniqueOrThrow({ where: { id } });
    await database.cloudAccount.update({ where: { id }, data: { endpoint: 'http://127.0.0.1:9' } });
    const checkedAt = (await getNetwork(practice.context, { id: networkId })).driftCheckedAt;
    const { findings, unseen } = await look();
    expect(findings).toEqual([]);
    expect(unseen.map((one) => one.where)).toContain('firewalls of dev in Development');
    expect((await getNetwork(practice.context, { id: networkId })).driftCheckedAt).toBe(checkedAt);
    await database.cloudAccount.update({ where: { id }, data: { endpoint } });
  });
});
