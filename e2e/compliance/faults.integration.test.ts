/** Lost answers, throttling and killed workers: whatever happens on the way, one of each thing is made and none is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AllocateAddressCommand,
  CreateVpcCommand,
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
import { providerError } from '@skein/control/operation/engine/provider-error.ts';
import { connectDns } from '@skein/dns/registry.ts';
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { context, counts, newOwner, provision, remove } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

const LIMIT = { timeout: 300_000, concurrent: true };
/** How many workers are killed at once, each in a lab of its own: faults are a whole lab's. */
const AT_ONCE = 6;

const loseAnswers: FaultRuleInput = {
  mutating: true,
  when: 'first-of-each',
  fault: { kind: 'lose-answer' },
};
const stale: FaultRuleInput = { mutating: false, fault: { kind: 'stale', seconds: 2 } };
const throttle: FaultRuleInput = { when: 'first-of-each', fault: { kind: 'throttle' } };
const fail: FaultRuleInput = { when: 'first-of-each', fault: { kind: 'error' } };

/** Of four steps with up to five attempts each. */
const MOST_ATTEMPTS = 20;

/** As the operations engine does: what may go better is tried again, a few times and after a pause. */
async function asSteps<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!providerError(error)?.retryable || attempt === MOST_ATTEMPTS) throw error;
      await sleep(300);
    }
  }
}

describe.each([
  { id: 'aws', region: 'us-east-1', instanceType: 't3.small' },
  { id: 'gcp', region: 'us-central1', instanceType: 'e2-small' },
] as const)('$id, when its API misbehaves', LIMIT, ({ id, region, instanceType }) => {
  const labs: PaperLab[] = [];
  const openLab = async () => {
    const lab = await startPaperLab();
    labs.push(lab);
    return lab;
  };
  afterAll(() => Promise.all(labs.map((lab) => lab.close())));

  const endpointOf = (lab: PaperLab) => (id === 'aws' ? lab.awsUrl : lab.gcpUrl);
  const cloudOf = (lab: PaperLab) =>
    connectCloud(id, {
      credentials: lab.accounts[id],
      endpoint: endpointOf(lab),
      region,
      identity: NO_IDENTITY,
    });

  it.each<{ name: string; rules: FaultRuleInput[] }>([
    { name: 'the first answer of each change is lost', rules: [loseAnswers] },
    { name: 'the first call of each kind is throttled', rules: [throttle] },
    { name: 'the first call of each kind fails', rules: [fail] },
    {
      name: 'a third of all calls are throttled, and every tenth answer is lost',
      rules: [
        { when: { probability: 0.3 }, fault: { kind: 'throttle' } },
        { when: { probability: 0.1 }, fault: { kind: 'lose-answer' } },
      ],
    },
    // Google's clients wait for the operation that makes a thing, and by then everybody sees it.
    ...(id === 'aws'
      ? [
          {
            name: 'changes do not find what was just made',
            rules: [{ fault: { kind: 'not-yet' as const, seconds: 0.5 } }],
          },
        ]
      : []),
    {
      name: 'reads answer what was true before',
      rules: [{ mutating: false, fault: { kind: 'stale', seconds: 0.5 } }],
    },
  ])('$name: one of each is made, and all of it goes', async ({ rules }) => {
    const lab = await openLab();
    const [owner, cloud] = [newOwner(), cloudOf(lab)];
    lab.faults.set(rules);
    const made = await asSteps(() => provision(cloud, owner, context(), instanceType));
    expect(lab.faults.bitten().total).toBeGreaterThan(2);
    lab.faults.clear();
    expect(await counts(cloud, owner)).toEqual([1, 1, 1, 1]);
    expect(await provision(cloud, owner, context(), instanceType)).toEqual(made);
    // VPC, subnet, internet gateway, group, address, instance: none of them twice.
    if (id === 'aws') expect(await heldInAws(lab, owner)).toHaveLength(6);
    lab.faults.set(rules);
    await asSteps(() => remove(cloud, owner, context()));
    lab.faults.clear();
    expect(await counts(cloud, owner)).toEqual([0, 0, 0, 0]);
    if (id === 'aws') expect(await heldInAws(lab, owner)).toEqual([]);
  });

  it('a worker killed at any call: the next one makes what is missing, nothing twice, and leaves nothing behind', async () => {
    /** The call with this number is done but not answered. @returns whether the work was cut off before its end */
    async function killedAfter(lab: PaperLab, after: number): Promise<boolean> {
      const owner = newOwner();
      const cloud = cloudOf(lab);
      const killed = new AbortController();
      const stop = lab.faults.onHold(() => killed.abort(new Error('killed')));
      lab.faults.set([{ when: { nth: after }, fault: { kind: 'hold', at: 'after' } }]);
      const first = provision(cloud, owner, context(killed.signal), instanceType);
      const outcome = await first.catch((error: Error) => error.message);
      stop();
      const { bitten, matched } = lab.faults.bitten().rules[0] ?? { bitten: 0, matched: 0 };
      lab.faults.clear();
      if (typeof outcome === 'string') expect([outcome, bitten]).toEqual(['killed', 1]);
      else expect([matched < after, bitten]).toEqual([true, 0]);
      await provision(cloud, owner, context(), instanceType);
      expect(await counts(cloud, owner), `killed after ${after} calls`).toEqual([1, 1, 1, 1]);
      await remove(cloud, owner, context());
      expect(await counts(cloud, owner)).toEqual([0, 0, 0, 0]);
      if (id === 'aws') expect(await heldInAws(lab, owner), `killed after ${after} calls`).toEqual([]);
      return typeof outcome === 'string';
    }
    const several = await Promise.all(Array.from({ length: AT_ONCE }, openLab));
    let calls = 0;
    for (let cut = true; cut; ) {
      expect(calls).toBeLessThan(100);
      const batch = await Promise.all(several.map((lab, i) => killedAfter(lab, calls + 1 + i)));
      calls += batch.length;
      cut = batch.every(Boolean);
    }
    expect(calls).toBeGreaterThan(10);
  });

  it.each<{ name: string; rules: FaultRuleInput[] }>([
    { name: 'the first answer of each change is lost', rules: [loseAnswers] },
    { name: 'the first call of each kind is throttled', rules: [throttle] },
    { name: 'reads answer what was true before', rules: [stale] },
  ])('in DNS $name: one zone is made with its records', async ({ rules }) => {
    const lab = await openLab();
    const { networkId } = newOwner();
    const spec = {
      organizationId: 'org_faults',
      networkId,
      key: 'public',
      name: `${networkId.slice(4)}.skein.test`,
      visibility: 'public' as const,
      vpcs: [],
    };
    const dns = connectDns(id, {
      credentials: lab.accounts[id],
      endpoint: endpointOf(lab),
      identity: NO_IDENTITY,
    });
    lab.faults.set(rules);
    const zone = await asSteps(() => dns.reconcileZone(spec, context()));
    const wanted = [{ name: `a.${spec.name}`, addresses: ['198.18.0.1'], ttlSeconds: 60 }];
    const outcome = await asSteps(() => dns.reconcileRecords(zone, networkId, wanted, context()));
    expect(lab.faults.bitten().total).toBeGreaterThan(1);
    expect(outcome).toMatchObject({ written: [`a.${spec.name}`], refused: [] });
    lab.faults.clear();
    expect(await dns.listZones({ organizationId: 'org_faults', networkId }, context())).toHaveLength(1);
    expect(await dns.listRecords(zone, networkId, context())).toEqual(wanted);
    lab.faults.set(rules);
    await asSteps(() => dns.deleteZone(spec, context()));
    lab.faults.clear();
    expect(await dns.observeZone(spec, context())).toBeUndefined();
  });
});

it('a launch that a dying worker began is not begun again while lists are behind', LIMIT, async () => {
  const lab = await startPaperLab();
  try {
    const cloud = awsOf(lab);
    const owner = newOwner();
    const killed = new AbortController();
    const first = context(killed.signal);
    lab.faults.onHold(() => killed.abort(new Error('killed')));
    lab.faults.set([
      // Longer than the next attempt takes to come to its instance: it must not find it in a list.
      { action: 'DescribeInstances', fault: { kind: 'stale', seconds: 8 } },
      stale,
      { action: 'RunInstances', when: { nth: 1 }, fault: { kind: 'hold', at: 'after' } },
    ]);
    await expect(provision(cloud, owner, first, 't3.small')).rejects.toThrow('killed');
    await provision(cloud, owner, { ...context(), resume: first.resume, attempt: 2 }, 't3.small');
    expect(lab.faults.bitten().kinds).toMatchObject({ hold: 1 });
    lab.faults.clear();
    expect(lab.requests().filter((one) => one.action === 'RunInstances').length).toBeGreaterThan(1);
    expect(await counts(cloud, owner)).toEqual([1, 1, 1, 1]);
  } finally {
    await lab.close();
  }
});

it('of VPCs and addresses that dying workers left in plenty one is kept: the one in use', LIMIT, async () => {
  const lab = await startPaperLab();
  try {
    const cloud = awsOf(lab);
    const owner = newOwner();
    const made = await provision(cloud, owner, context(), 't3.small');
    const held = await heldInAws(lab, owner);
    const ec2 = new EC2Client({ region: 'us-east-1', endpoint: lab.awsUrl, credentials: lab.accounts.aws });
    const [vpc] = (await ec2.send(new DescribeVpcsCommand({ VpcIds: [made.network.externalId] }))).Vpcs ?? [];
    const known = { AllocationIds: [made.address.externalId] };
    const [address] = (await ec2.send(new DescribeAddressesCommand(known))).Addresses ?? [];
    // Several, so that some of their ids come before that of the first.
    for (let more = 0; more < 3; more++) {
      const tagged = (ResourceType: 'vpc' | 'elastic-ip', Tags = vpc?.Tags) => [{ ResourceType, Tags }];
      const CidrBlock = vpc?.CidrBlock;
      await ec2.send(new CreateVpcCommand({ CidrBlock, TagSpecifications: tagged('vpc') }));
      const TagSpecifications = tagged('elastic-ip', address?.Tags);
      await ec2.send(new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications }));
    }
    ec2.destroy();
    expect(await heldInAws(lab, owner)).toHaveLength(held.length + 6);
    expect(await provision(cloud, owner, context(), 't3.small')).toEqual(made);
    expect((await heldInAws(lab, owner)).sort()).toEqual(held.sort());
  } finally {
    await lab.close();
  }
});

const awsOf = (lab: PaperLab) =>
  connectCloud('aws', {
    credentials: lab.accounts.aws,
    endpoint: lab.awsUrl,
    region: 'us-east-1',
    identity: NO_IDENTITY,
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
