/** Lost answers, throttling and killed workers: whatever happens on the way, one of each thing is made and none is left. */
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import type { Owner } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import { connectDns } from '@skein/dns/registry.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, openFaultyDoor } from './faulty-door.ts';
import { type PaperLab, startPaperLab } from './lab.ts';
import { context, counts, newOwner, provision, remove } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

const LIMIT = { timeout: 300_000, concurrent: true };

const ec2Error = (code: string, message: string) =>
  `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>x</RequestID></Response>`;

const throttled: Record<'aws' | 'gcp', Fault> = {
  aws: {
    kind: 'refuse',
    status: 503,
    headers: { 'content-type': 'text/xml' },
    body: () => ec2Error('RequestLimitExceeded', 'Request limit exceeded.'),
  },
  gcp: {
    kind: 'refuse',
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: () =>
      '{"error":{"code":403,"message":"Rate Limit Exceeded","errors":[{"domain":"usageLimits","reason":"rateLimitExceeded","message":"Rate Limit Exceeded"}]}}',
  },
};

/** What EC2 may say of a thing made a moment ago, by the call that uses it first. */
const NOT_YET: Record<string, string> = {
  DescribeVpcAttribute: 'InvalidVpcID.NotFound',
  CreateSubnet: 'InvalidVpcID.NotFound',
  AttachInternetGateway: 'InvalidInternetGatewayID.NotFound',
  CreateRoute: 'InvalidInternetGatewayID.NotFound',
  CreateSecurityGroup: 'InvalidVpcID.NotFound',
  AuthorizeSecurityGroupIngress: 'InvalidGroup.NotFound',
  RunInstances: 'InvalidSubnetID.NotFound',
  ModifyInstanceAttribute: 'InvalidInstanceID.NotFound',
  AssociateAddress: 'InvalidAllocationID.NotFound',
};
const notYet: Fault = {
  kind: 'refuse',
  only: Object.keys(NOT_YET),
  status: 400,
  headers: { 'content-type': 'text/xml' },
  body: (kind) => ec2Error(NOT_YET[kind] ?? '', 'It does not exist'),
};

describe.each([
  { id: 'aws', region: 'us-east-1', instanceType: 't3.small' },
  { id: 'gcp', region: 'us-central1', instanceType: 'e2-small' },
] as const)('$id, when its API misbehaves', LIMIT, ({ id, region, instanceType }) => {
  let lab: PaperLab;
  beforeAll(async () => {
    lab = await startPaperLab();
  });
  afterAll(() => lab?.close());

  const labUrl = () => (id === 'aws' ? lab.awsUrl : lab.gcpUrl);
  const at = (endpoint: string) =>
    connectCloud(id, { credentials: lab.accounts[id], endpoint, region, identity: NO_IDENTITY });

  it.each<{ name: string; fault: Fault }>([
    { name: 'the first answer of each change is lost', fault: { kind: 'lose-answers' } },
    { name: 'the first call of each kind is throttled', fault: throttled[id] },
    ...(id === 'aws'
      ? [
          { name: 'what was just made reads as missing', fault: notYet },
          { name: 'a repeated read answers what was true before', fault: { kind: 'stale-reads' as const } },
        ]
      : []),
  ])('$name: one of each is made, and all of it goes', async ({ fault }) => {
    const door = await openFaultyDoor(labUrl(), fault);
    const [owner, faulty, plain] = [newOwner(), at(door.url), at(labUrl())];
    const made = await provision(faulty, owner, context(), instanceType);
    expect(door.faults()).toBeGreaterThan(3);
    expect(await counts(plain, owner)).toEqual([1, 1, 1, 1]);
    expect(await provision(plain, owner, context(), instanceType)).toEqual(made);
    // VPC, subnet, internet gateway, group, address, instance: none of them twice.
    if (id === 'aws') expect(await heldInAws(lab, owner)).toHaveLength(6);
    await remove(faulty, owner, context());
    expect(await counts(plain, owner)).toEqual([0, 0, 0, 0]);
    if (id === 'aws') expect(await heldInAws(lab, owner)).toEqual([]);
    await door.close();
  });

  it('a worker killed at any call: the next one makes what is missing, nothing twice, and leaves nothing behind', async () => {
    const plain = at(labUrl());
    /** @returns whether the work was cut off before its end. */
    async function killedAfter(after: number): Promise<boolean> {
      const owner = newOwner();
      const killed = new AbortController();
      const door = await openFaultyDoor(labUrl(), {
        kind: 'cut',
        after,
        onCut: () => killed.abort(new Error('killed')),
      });
      const first = provision(at(door.url), owner, context(killed.signal), instanceType);
      const outcome = await first.catch((error: Error) => error.message);
      await door.close();
      if (typeof outcome !== 'string') expect(door.requests()).toBeLessThanOrEqual(after);
      else expect(outcome).toBe('killed');
      await provision(plain, owner, context(), instanceType);
      expect(await counts(plain, owner), `killed after ${after} calls`).toEqual([1, 1, 1, 1]);
      await remove(plain, owner, context());
      expect(await counts(plain, owner)).toEqual([0, 0, 0, 0]);
      if (id === 'aws') expect(await heldInAws(lab, owner), `killed after ${after} calls`).toEqual([]);
      return typeof outcome === 'string';
    }
    let calls = 0;
    for (let cut = true; cut; ) {
      expect(calls).toBeLessThan(100);
      const batch = await Promise.all(Array.from({ length: 6 }, (_, i) => killedAfter(calls + 1 + i)));
      calls += batch.length;
      cut = batch.every(Boolean);
    }
    expect(calls).toBeGreaterThan(10);
  });

  it.each<{ name: string; fault: Fault }>([
    { name: 'the first answer of each change is lost', fault: { kind: 'lose-answers' } },
    ...(id === 'gcp' ? [{ name: 'the first call of each kind is throttled', fault: throttled.gcp }] : []),
  ])('in DNS $name: one zone is made with its records', async ({ fault }) => {
    const door = await openFaultyDoor(labUrl(), fault);
    const { networkId } = newOwner();
    const spec = {
      organizationId: 'org_faults',
      networkId,
      key: 'public',
      name: `${networkId.slice(4)}.skein.test`,
      visibility: 'public' as const,
      vpcs: [],
    };
    const [faulty, plain] = [door.url, labUrl()].map((endpoint) =>
      connectDns(id, { credentials: lab.accounts[id], endpoint, identity: NO_IDENTITY }),
    );
    if (!faulty || !plain) throw new Error('no DNS');
    const zone = await faulty.reconcileZone(spec, context());
    const wanted = [{ name: `a.${spec.name}`, addresses: ['198.18.0.1'], ttlSeconds: 60 }];
    const outcome = await faulty.reconcileRecords(zone, networkId, wanted, context());
    expect(outcome).toMatchObject({ written: [`a.${spec.name}`], refused: [] });
    expect(door.faults()).toBeGreaterThan(1);
    expect(await plain.listZones({ organizationId: 'org_faults', networkId }, context())).toHaveLength(1);
    expect(await plain.listRecords(zone, networkId, context())).toEqual(wanted);
    await faulty.deleteZone(spec, context());
    expect(await plain.observeZone(spec, context())).toBeUndefined();
    await door.close();
  });
});

/** What carries the owner's tag in EC2, kinds included that no list of ours shows. */
async function heldInAws(lab: PaperLab, owner: Owner): Promise<string[]> {
  const ec2 = new EC2Client({ region: 'us-east-1', endpoint: lab.awsUrl, credentials: lab.accounts.aws });
  const Filters = [{ Name: 'tag:skein-cluster', Values: [owner.clusterId] }];
  const living = {
    Name: 'instance-state-name',
    Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'],
  };
  const [vpcs, subnets, gateways, groups, addresses, instances] = await Promise.all([
    ec2.send(new DescribeVpcsCommand({ Filters })),
    ec2.send(new DescribeSubnetsCommand({ Filters })),
    ec2.send(new DescribeInternetGatewaysCommand({ Filters })),
    ec2.send(new DescribeSecurityGroupsCommand({ Filters })),
    ec2.send(new DescribeAddressesCommand({ Filters })),
    ec2.send(new DescribeInstancesCommand({ Filters: [...Filters, living] })),
  ]);
  ec2.destroy();
  return [
    ...(vpcs.Vpcs ?? []).map((one) => one.VpcId ?? ''),
    ...(subnets.Subnets ?? []).map((one) => one.SubnetId ?? ''),
    ...(gateways.InternetGateways ?? []).map((one) => one.InternetGatewayId ?? ''),
    ...(groups.SecurityGroups ?? []).map((one) => one.GroupId ?? ''),
    ...(addresses.Addresses ?? []).map((one) => one.AllocationId ?? ''),
    ...(instances.Reservations ?? []).flatMap((one) =>
      (one.Instances ?? []).map((instance) => instance.InstanceId ?? ''),
    ),
  ];
}
