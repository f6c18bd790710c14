/**
 * What every cloud's peerings, existing networks and node identities must do, against the lab: two networks of one owner,
 * each in a cloud of its own.
 */
import { randomBytes } from 'node:crypto';
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcPeeringConnectionsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { aws } from '@skein/clouds/aws/aws.ts';
import { azure } from '@skein/clouds/azure/azure.ts';
import { gcp } from '@skein/clouds/gcp/gcp.ts';
import {
  type CallContext,
  type Cloud,
  CloudError,
  type FirewallSpec,
  type NetworkState,
  type Owner,
} from '@skein/clouds/provider.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaperLab, startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

let lab: PaperLab;
let ec2: (region: string) => EC2Client;
beforeAll(async () => {
  lab = await startPaperLab();
  ec2 = (region) =>
    new EC2Client({ region, endpoint: lab.awsUrl, credentials: { ...lab.accounts.aws }, maxAttempts: 1 });
});
afterAll(() => lab?.close());

const context = (): CallContext => ({
  signal: AbortSignal.timeout(60_000),
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});
const token = () => randomBytes(10).toString('hex');

const PLACES = [
  ['AWS, one region', 'aws', 'us-west-2', 'us-west-2'],
  ['AWS, two regions', 'aws', 'us-east-1', 'us-west-2'],
  ['Google Cloud, two regions', 'gcp', 'us-central1', 'europe-west1'],
  ['Azure, two regions', 'azure', 'westeurope', 'northeurope'],
] as const;
type ProviderName = (typeof PLACES)[number][1];

function connect(provider: ProviderName, region: string): Cloud {
  const identity = NO_IDENTITY;
  if (provider === 'azure')
    return azure.connect({ credentials: lab.accounts.azure, endpoint: lab.azureUrl, region, identity });
  if (provider === 'aws')
    return aws.connect({ credentials: lab.accounts.aws, endpoint: lab.awsUrl, region, identity });
  const { project_id = '', client_email = '', private_key = '' } = lab.accounts.gcp;
  const credentials = { project_id, client_email, private_key };
  return gcp.connect({ credentials, endpoint: lab.gcpUrl, region, identity });
}

interface Side {
  owner: Owner;
  cloud: Cloud;
  region: string;
  network: NetworkState;
}

/** Two networks of one owner; the one with the smaller cluster id first. */
async function twoSides(provider: ProviderName, regions: readonly [string, string], cidrs: [string, string]) {
  const base = { organizationId: `org_${token()}`, networkId: `net_${token()}` };
  const ids = [`clu_${token()}`, `clu_${token()}`].sort();
  const sides: Side[] = [];
  for (const [index, region] of regions.entries()) {
    const cloud = connect(provider, region);
    const owner = { ...base, clusterId: ids[index] ?? '' };
    const spec = { owner, key: 'network', name: `side-${index}`, cidr: cidrs[index] ?? '' };
    sides.push({ owner, cloud, region, network: await cloud.networks.reconcile(spec, context()) });
  }
  const [one, two] = sides as [Side, Side];
  const half = (near: Side, far: Side) => ({
    owner: near.owner,
    key: `peering/${far.owner.clusterId}`,
    name: `${near.region}-${far.region}`,
    near: near.network,
    far: { clusterId: far.owner.clusterId, network: far.network, region: far.region, holder: null },
  });
  return { one, two, ab: half(one, two), ba: half(two, one) };
}

const removeNetwork = ({ cloud, owner }: Side) => cloud.networks.delete({ owner, key: 'network' }, context());

describe.each(PLACES)('peerings of %s', { timeout: 60_000 }, (_, provider, ...regions) => {
  it('stand once both halves do, in any number of calls, and are shown to their owners alone', async () => {
    const { one, two, ab, ba } = await twoSides(provider, regions, ['10.64.0.0/20', '10.64.16.0/20']);
    expect(await one.cloud.peerings.observe(ab, context())).toBeUndefined();
    expect((await one.cloud.peerings.reconcile(ab, context())).active).toBe(false);
    const second = await two.cloud.peerings.reconcile(ba, context());
    const first = await one.cloud.peerings.reconcile(ab, context());
    expect(first).toMatchObject({ active: true, cidrs: ['10.64.16.0/20'] });
    expect(second).toMatchObject({ active: true, cidrs: ['10.64.0.0/20'] });
    expect(await one.cloud.peerings.reconcile(ab, context())).toEqual(first);
    expect(await two.cloud.peerings.observe(ba, context())).toEqual(second);
    const listed = async (side: Side, owner: Partial<Owner> & { organizationId: string }) =>
      (await side.cloud.peerings.list(owner, context())).filter(
        (half) => half.owner.clusterId === side.owner.clusterId,
      );
    const { clusterId: _cluster, ...network } = one.owner;
    for (const [side, spec, state] of [
      [one, ab, first],
      [two, ba, second],
    ] as const) {
      const expected = [{ ...state, owner: side.owner, key: spec.key }];
      expect(await side.cloud.peerings.list(side.owner, context())).toEqual(expected);
      expect(await listed(side, network)).toEqual(expected);
      expect(await listed(side, { organizationId: network.organizationId })).toEqual(expected);
      expect(await side.cloud.peerings.list({ organizationId: 'org_other' }, context())).toEqual([]);
    }
    // A peering holds its network.
    expect(
      await removeNetwork(one).then(
        () => 'gone',
        (error) => error.code,
      ),
    ).toBe('in-use');
    // The agreeing side first: the other has to tidy up after what is over.
    await two.cloud.peerings.delete(ba, context());
    expect(await two.cloud.peerings.observe(ba, context())).toBeUndefined();
    expect((await one.cloud.peerings.observe(ab, context()))?.active ?? false).toBe(false);
    await one.cloud.peerings.delete(ab, context());
    await one.cloud.peerings.delete(ab, context());
    expect(await one.cloud.peerings.list(network, context())).toEqual([]);
    // Made anew, and taken away the other way round.
    await one.cloud.peerings.reconcile(ab, context());
    expect((await two.cloud.peerings.reconcile(ba, context())).active).toBe(true);
    await one.cloud.peerings.delete(ab, context());
    await two.cloud.peerings.delete(ba, context());
    await removeNetwork(two);
    await removeNetwork(one);
  });

  it('end with one where two make the same half at once, and with none where both sides end it at once', async () => {
    const { one, two, ab, ba } = await twoSides(provider, regions, ['10.65.0.0/20', '10.65.16.0/20']);
    const again = connect(provider, one.region);
    const made = await Promise.all(
      [one.cloud, again].map((cloud) => cloud.peerings.reconcile(ab, context())),
    );
    expect(made[0]?.externalId).toBe(made[1]?.externalId);
    const other = connect(provider, two.region);
    await Promise.all([two.cloud, other].map((cloud) => cloud.peerings.reconcile(ba, context())));
    expect((await one.cloud.peerings.reconcile(ab, context())).active).toBe(true);
    expect(await one.cloud.peerings.list(one.owner, context())).toHaveLength(1);
    await Promise.all([one.cloud.peerings.delete(ab, context()), two.cloud.peerings.delete(ba, context())]);
    await removeNetwork(one);
    await removeNetwork(two);
  });

  it('are refused where the networks share addresses', async () => {
    const { one, two, ab } = await twoSides(provider, regions, ['10.66.0.0/20', '10.66.0.0/20']);
    const refused = await one.cloud.peerings.reconcile(ab, context()).then(
      () => 'made',
      (error) => error.code,
    );
    expect(refused).toBe('invalid');
    await one.cloud.peerings.delete(ab, context());
    await removeNetwork(one);
    await removeNetwork(two);
  });
});

const FAULTS: [string, FaultRuleInput[]][] = [
  [
    'the first answer of each change is lost',
    [{ mutating: true, when: 'first-of-each', fault: { kind: 'lose-answer' } }],
  ],
  [
    'a third of all calls are throttled, and every tenth answer is lost',
    [
      { when: { probability: 0.3 }, fault: { kind: 'throttle' } },
      { when: { probability: 0.1 }, fault: { kind: 'lose-answer' } },
    ],
  ],
  ['reads answer what was true before', [{ mutating: false, fault: { kind: 'stale', seconds: 0.5 } }]],
];

/** As the operations engine does: what may go better is tried again, a few times and after a pause. */
async function asSteps<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CloudError) || !error.retryable || attempt === 6) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

describe.each(PLACES.slice(1))(
  'peerings of %s, when its API misbehaves',
  { timeout: 90_000 },
  (_, provider, ...regions) => {
    it.each(FAULTS)('%s: one peering is made, and all of it goes', async (_name, rules) => {
      const { one, two, ab, ba } = await twoSides(provider, regions, ['10.70.0.0/20', '10.70.16.0/20']);
      const make = async () => {
        await asSteps(() => one.cloud.peerings.reconcile(ab, context()));
        await asSteps(() => two.cloud.peerings.reconcile(ba, context()));
        return asSteps(() => one.cloud.peerings.reconcile(ab, context()));
      };
      lab.faults.set(rules);
      const made = await make();
      expect(lab.faults.bitten().total).toBeGreaterThan(0);
      lab.faults.clear();
      expect(await make()).toMatchObject({
        externalId: made.externalId,
        active: true,
        cidrs: ['10.70.16.0/20'],
      });
      expect(await one.cloud.peerings.list(one.owner, context())).toHaveLength(1);
      expect(await two.cloud.peerings.list(two.owner, context())).toHaveLength(1);
      lab.faults.set(rules);
      await asSteps(() => two.cloud.peerings.delete(ba, context()));
      await asSteps(() => one.cloud.peerings.delete(ab, context()));
      lab.faults.clear();
      for (const side of [one, two]) {
        expect(await side.cloud.peerings.list(side.owner, context())).toEqual([]);
        await removeNetwork(side);
      }
    });
  },
);

describe.each([
  ['AWS', 'aws', 'us-west-2'],
  ['Google Cloud', 'gcp', 'us-central1'],
] as const)('an existing network of %s', { timeout: 60_000 }, (_, provider, region) => {
  it('is looked at as it is, and takes firewalls and nodes of ours', async () => {
    const { one, two } = await twoSides(provider, [region, region], ['10.67.0.0/20', '10.67.16.0/20']);
    const { cloud } = one;
    const at = { networkId: one.network.externalId, subnetId: one.network.subnetId };
    const existing = await cloud.existingNetwork(at, context());
    expect(existing).toEqual(one.network);
    const wrong = cloud.existingNetwork({ ...at, subnetId: two.network.subnetId }, context());
    expect(
      await wrong.then(
        () => 'found',
        (error) => error.code,
      ),
    ).toBe('invalid');
    const missing = provider === 'aws' ? 'subnet-0123456789abcdef0' : 'nobody';
    const none = cloud.existingNetwork({ ...at, subnetId: missing }, context());
    expect(
      await none.then(
        () => 'found',
        (error) => error.code,
      ),
    ).toBe('not-found');

    // Another owner's cluster in it: what is made is that owner's, and the network is not.
    const owner = { ...one.owner, clusterId: `clu_${token()}` };
    const firewall = await cloud.firewalls.reconcile(
      firewallSpec(owner, existing, ['203.0.113.1/32']),
      context(),
    );
    const identity = provider === 'aws' ? 'shop-node' : 'node@skein-lab.iam.gserviceaccount.com';
    const instance = {
      owner,
      key: 'instance/node-1',
      name: 'node-1',
      network: existing,
      firewalls: [firewall],
      role: 'member' as const,
      address: null,
      instanceType: provider === 'aws' ? aws.defaultInstanceType : gcp.defaultInstanceType,
      nodeIdentity: identity,
      userData: async () => '',
    };
    const made = await cloud.instances.reconcile(instance, context());
    expect(made.running).toBe(true);
    if (provider === 'aws') {
      const found = await ec2(region).send(new DescribeInstancesCommand({ InstanceIds: [made.externalId] }));
      expect(found.Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn).toMatch(
        /:instance-profile\/shop-node$/,
      );
    }
    expect(await cloud.networks.list(owner, context())).toEqual([]);
    await cloud.instances.delete(instance, context());
    await cloud.firewalls.delete({ owner, key: 'firewall/gateway' }, context());
    expect(await cloud.existingNetwork(at, context())).toEqual(existing);
    await removeNetwork(one);
    await removeNetwork(two);
  });
});

const firewallSpec = (owner: Owner, network: NetworkState, cidrs: string[]): FirewallSpec => ({
  owner,
  key: 'firewall/gateway',
  name: 'gateway',
  network,
  role: 'gateway',
  rules: [{ protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs, description: 'WireGuard' }],
});

describe('many rules at AWS', { timeout: 60_000 }, () => {
  const addresses = (count: number) =>
    Array.from({ length: count }, (_, i) => `203.0.${Math.floor(i / 250)}.${i % 250}/32`);

  it('go into further groups, which running nodes then carry; groups no longer needed go', async () => {
    const { one, two } = await twoSides('aws', ['us-west-2', 'us-west-2'], ['10.68.0.0/20', '10.68.16.0/20']);
    const { cloud, owner, network } = one;
    const spec = (count: number) => firewallSpec(owner, network, addresses(count));
    const small = await cloud.firewalls.reconcile(spec(60), context());
    expect(small.more).toEqual([]);
    const instance = {
      owner,
      key: 'instance/node-1',
      name: 'node-1',
      network,
      firewalls: [small],
      role: 'member' as const,
      address: null,
      instanceType: aws.defaultInstanceType,
      nodeIdentity: null,
      userData: async () => '',
    };
    const { externalId } = await cloud.instances.reconcile(instance, context());
    const carried = async () => {
      const found = await ec2('us-west-2').send(new DescribeInstancesCommand({ InstanceIds: [externalId] }));
      return found.Reservations?.[0]?.Instances?.[0]?.SecurityGroups?.map((one) => one.GroupId).sort();
    };
    const large = await cloud.firewalls.reconcile(spec(130), context());
    expect(large.more).toHaveLength(2);
    expect(large.rules[0]?.cidrs).toHaveLength(130);
    expect(await carried()).toEqual([large.externalId, ...large.more].sort());
    expect(await cloud.firewalls.reconcile(spec(130), context())).toEqual(large);
    expect(await cloud.firewalls.observe(spec(0), context())).toEqual(large);
    expect(await cloud.firewalls.list(owner, context())).toEqual([
      { ...large, owner, key: 'firewall/gateway' },
    ]);
    expect((await cloud.instances.reconcile({ ...instance, firewalls: [large] }, context())).externalId).toBe(
      externalId,
    );

    const before = lab.requests().at(-1)?.number ?? 0;
    const smaller = await cloud.firewalls.reconcile(spec(100), context());
    expect(smaller.externalId).toBe(small.externalId);
    expect(smaller.more).toHaveLength(1);
    expect(await carried()).toEqual([smaller.externalId, ...smaller.more].sort());
    // What moves is there before it goes where it was: the group is detached after the last rule is added.
    const actions = lab
      .requests(before)
      .filter((one) => one.mutating)
      .map((one) => one.action);
    expect(actions.lastIndexOf('AuthorizeSecurityGroupIngress')).toBeLessThan(
      actions.indexOf('ModifyInstanceAttribute'),
    );
    expect(actions.indexOf('ModifyInstanceAttribute')).toBeLessThan(actions.indexOf('DeleteSecurityGroup'));

    const few = await cloud.firewalls.reconcile(spec(3), context());
    expect(few).toMatchObject({ externalId: small.externalId, more: [] });
    expect(await carried()).toEqual([small.externalId]);
    const groups = await ec2('us-west-2').send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [network.externalId] }] }),
    );
    expect(
      groups.SecurityGroups?.map((group) => group.GroupName).filter((name) => name !== 'default'),
    ).toHaveLength(1);
    const tooMany = await cloud.firewalls.reconcile(spec(301), context()).then(
      () => null,
      (error) => error,
    );
    expect(tooMany).toMatchObject({ code: 'quota', retryable: false });
    expect(await cloud.firewalls.observe(spec(0), context())).toEqual(few);
    await cloud.instances.delete(instance, context());
    await cloud.firewalls.delete(spec(0), context());
    await removeNetwork(one);
    await removeNetwork(two);
  });
});

it('a peering at AWS that somebody else made is left alone', { timeout: 60_000 }, async () => {
  const { one, two, ab, ba } = await twoSides(
    'aws',
    ['us-west-2', 'us-west-2'],
    ['10.69.0.0/20', '10.69.16.0/20'],
  );
  const client = ec2('us-west-2');
  const {
    CreateVpcPeeringConnectionCommand,
    AcceptVpcPeeringConnectionCommand,
    DeleteVpcPeeringConnectionCommand,
  } = await import('@aws-sdk/client-ec2');
  const theirs = await client.send(
    new CreateVpcPeeringConnectionCommand({
      VpcId: one.network.externalId,
      PeerVpcId: two.network.externalId,
    }),
  );
  const VpcPeeringConnectionId = theirs.VpcPeeringConnection?.VpcPeeringConnectionId ?? '';
  const shown = async () =>
    JSON.stringify(
      (
        await client.send(
          new DescribeVpcPeeringConnectionsCommand({ VpcPeeringConnectionIds: [VpcPeeringConnectionId] }),
        )
      ).VpcPeeringConnections,
    );
  const code = (doing: Promise<unknown>) =>
    doing.then(
      () => 'made',
      (error) => error.code,
    );
  expect(await code(one.cloud.peerings.reconcile(ab, context()))).toBe('not-ours');
  await client.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  const before = await shown();
  expect(await code(one.cloud.peerings.reconcile(ab, context()))).toBe('not-ours');
  expect(await code(two.cloud.peerings.reconcile(ba, context()))).toBe('not-ours');
  await one.cloud.peerings.delete(ab, context());
  await two.cloud.peerings.delete(ba, context());
  expect(await shown()).toBe(before);
  await client.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }));
  await removeNetwork(one);
  await removeNetwork(two);
});
