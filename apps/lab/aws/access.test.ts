/** Policies, dry runs, roles, quotas and the trail, by AWS's official clients. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DeleteVpcCommand,
  DescribeAccountAttributesCommand,
  DescribeVpcsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import {
  GetServiceQuotaCommand,
  ListServiceQuotasCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { paperRealiser } from '../ground/paper.ts';
import { startLab } from '../start.ts';
import { DEBIAN, type LabFixture, makeNetwork, openFixture, refusalOf } from './fixture.ts';

let fixture: LabFixture;
let ec2: EC2Client;
beforeAll(async () => {
  fixture = await openFixture();
  ec2 = fixture.ec2();
});
afterAll(() => fixture.close());
afterEach(() => fixture.lab.faults.clear());

const CIDR = { CidrBlock: '10.64.0.0/20' };
const limited = () => ({ ...fixture.client(), credentials: { ...fixture.lab.limited.aws } });
const allow = (...Statement: object[]) =>
  fixture.lab.control('PUT', '/accounts/aws/limited/policy', {
    Version: '2012-10-17',
    Statement: Statement.map((each) => ({ Effect: 'Allow', Resource: '*', ...each })),
  });
const refused = (code: string, status: number) => ({ code, status });
interface Logged {
  action: string;
  mutating: boolean;
  error: string | null;
  user: string | null;
}
const lastLogged = async () => ((await fixture.lab.control('GET', '/requests')).body as Logged[]).at(-1);
const vpcCount = async () => (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length ?? 0;
const tags = (ResourceType: 'vpc', owner: string) => [
  { ResourceType, Tags: [{ Key: 'owner', Value: owner }] },
];

describe('a user without a policy', () => {
  test.each<[string, () => Promise<unknown>, ReturnType<typeof refused>]>([
    [
      'EC2',
      () => new EC2Client(limited()).send(new DescribeVpcsCommand({})),
      refused('UnauthorizedOperation', 403),
    ],
    [
      'Route 53',
      () =>
        new Route53Client(limited()).send(
          new CreateHostedZoneCommand({ Name: 'a.example', CallerReference: '1' }),
        ),
      refused('AccessDenied', 403),
    ],
    [
      'IAM',
      () =>
        new IAMClient(limited()).send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: 'arn:aws:iam::1:user/x',
            ActionNames: ['ec2:RunInstances'],
          }),
        ),
      refused('AccessDenied', 403),
    ],
    [
      'SSM',
      () =>
        new SSMClient(limited()).send(
          new GetParameterCommand({ Name: '/aws/service/debian/release/12/latest/amd64' }),
        ),
      refused('AccessDeniedException', 400),
    ],
    [
      'Service Quotas',
      () => new ServiceQuotasClient(limited()).send(new ListServiceQuotasCommand({ ServiceCode: 'vpc' })),
      refused('AccessDeniedException', 400),
    ],
    [
      'CloudTrail',
      () => new CloudTrailClient(limited()).send(new LookupEventsCommand({})),
      refused('AccessDeniedException', 400),
    ],
  ])('is refused by %s in its own words', async (_, call, says) => {
    expect(await refusalOf(call())).toEqual(says);
  });

  test('may ask who he is', async () => {
    const me = await new STSClient(limited()).send(new GetCallerIdentityCommand({}));
    expect(me.Arn).toBe(`arn:aws:iam::${me.Account}:user/limited`);
  });
});

describe('a policy', () => {
  test('allows what it names, by patterns, and nothing else', async () => {
    await allow({ Action: ['ec2:Describe*', 'ec2:CreateVpc'] });
    const client = new EC2Client(limited());
    const { Vpc } = await client.send(new CreateVpcCommand(CIDR));
    await client.send(new DescribeVpcsCommand({}));
    expect(await refusalOf(client.send(new DeleteVpcCommand({ VpcId: Vpc?.VpcId })))).toEqual(
      refused('UnauthorizedOperation', 403),
    );
  });

  test('holds tags: on what is made, on what stands, and for tagging itself', async () => {
    const mine = { StringEquals: { 'aws:RequestTag/owner': 'me' } };
    await allow(
      { Action: 'ec2:CreateVpc', Condition: mine },
      { Action: 'ec2:CreateTags', Condition: { StringEquals: { 'ec2:CreateAction': ['CreateVpc'] } } },
      { Action: 'ec2:DeleteVpc', Condition: { StringEquals: { 'aws:ResourceTag/owner': 'me' } } },
    );
    const client = new EC2Client(limited());
    const make = (owner: string) =>
      client.send(new CreateVpcCommand({ ...CIDR, TagSpecifications: tags('vpc', owner) }));
    const { Vpc } = await make('me');
    expect(await refusalOf(make('you'))).toEqual(refused('UnauthorizedOperation', 403));
    expect(await refusalOf(client.send(new CreateVpcCommand(CIDR)))).toEqual(
      refused('UnauthorizedOperation', 403),
    );
    const other = await ec2.send(new CreateVpcCommand({ ...CIDR, TagSpecifications: tags('vpc', 'you') }));
    const tag = new CreateTagsCommand({
      Resources: [other.Vpc?.VpcId ?? ''],
      Tags: [{ Key: 'owner', Value: 'me' }],
    });
    expect(await refusalOf(client.send(tag))).toEqual(refused('UnauthorizedOperation', 403));
    expect(await refusalOf(client.send(new DeleteVpcCommand({ VpcId: other.Vpc?.VpcId })))).toEqual(
      refused('UnauthorizedOperation', 403),
    );
    await client.send(new DeleteVpcCommand({ VpcId: Vpc?.VpcId }));
  });

  test('is judged for each resource of a launch', async () => {
    const { subnetId, groupId } = await makeNetwork(ec2);
    const launch = () =>
      new EC2Client(limited()).send(
        new RunInstancesCommand({
          ImageId: DEBIAN(),
          InstanceType: 't3.micro',
          MinCount: 1,
          MaxCount: 1,
          SubnetId: subnetId,
          SecurityGroupIds: [groupId],
        }),
      );
    const of = (...kinds: string[]) => kinds.map((kind) => `arn:aws:ec2:*:*:${kind}/*`);
    const all = ['instance', 'network-interface', 'volume', 'subnet', 'security-group'];
    const image = 'arn:aws:ec2:*::image/*';
    await allow({ Action: 'ec2:RunInstances', Resource: [...of(...all.slice(1)), image] });
    expect(await refusalOf(launch())).toEqual(refused('UnauthorizedOperation', 403));
    await allow({ Action: 'ec2:RunInstances', Resource: of(...all) });
    expect(await refusalOf(launch())).toEqual(refused('UnauthorizedOperation', 403));
    await allow({ Action: 'ec2:RunInstances', Resource: [...of(...all), image] });
    expect((await launch()).Instances).toHaveLength(1);
  });

  test('is told by SimulatePrincipalPolicy, with its conditions', async () => {
    await allow(
      { Action: 'iam:SimulatePrincipalPolicy' },
      { Action: 'ec2:DeleteVpc', Condition: { StringEquals: { 'aws:ResourceTag/owner': 'me' } } },
      { Effect: 'Deny', Action: 'ec2:RunInstances' },
    );
    const PolicySourceArn = (await new STSClient(limited()).send(new GetCallerIdentityCommand({}))).Arn;
    const ask = async (owner: string) => {
      const { EvaluationResults } = await new IAMClient(limited()).send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn,
          ActionNames: ['ec2:DeleteVpc', 'ec2:RunInstances', 'ec2:CreateVpc'],
          ContextEntries: [
            { ContextKeyName: 'aws:ResourceTag/owner', ContextKeyType: 'string', ContextKeyValues: [owner] },
          ],
        }),
      );
      return EvaluationResults?.map((each) => each.EvalDecision);
    };
    expect(await ask('me')).toEqual(['allowed', 'explicitDeny', 'implicitDeny']);
    expect(await ask('you')).toEqual(['implicitDeny', 'explicitDeny', 'implicitDeny']);
  });

  test('that the lab cannot judge is refused when it is set', async () => {
    const answer = await allow({
      Action: '*',
      Condition: { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01' } },
    });
    expect(answer.status).toBe(400);
  });
});

describe('a dry run', () => {
  test('tells what is allowed and valid, changes nothing, and counts as no change', async () => {
    const before = await vpcCount();
    expect(await refusalOf(ec2.send(new CreateVpcCommand({ ...CIDR, DryRun: true })))).toEqual(
      refused('DryRunOperation', 412),
    );
    expect(await lastLogged()).toMatchObject({
      action: 'CreateVpc',
      mutating: false,
      error: 'DryRunOperation',
    });
    expect(
      await refusalOf(ec2.send(new DeleteVpcCommand({ VpcId: 'vpc-00000000000000000', DryRun: true }))),
    ).toEqual(refused('InvalidVpcID.NotFound', 400));
    await allow({ Action: 'ec2:Describe*' });
    expect(
      await refusalOf(new EC2Client(limited()).send(new CreateVpcCommand({ ...CIDR, DryRun: true }))),
    ).toEqual(refused('UnauthorizedOperation', 403));
    expect(await vpcCount()).toBe(before);
  });

  test('shows a permission that a fault took from everybody', async () => {
    fixture.lab.faults.set([{ fault: { kind: 'deny', permissions: ['ec2:Create*'] } }]);
    const denied = await refusalOf(ec2.send(new CreateVpcCommand({ ...CIDR, DryRun: true })));
    expect(fixture.lab.faults.bitten().kinds).toEqual({ deny: 1 });
    expect(denied).toEqual(refused('UnauthorizedOperation', 403));
    await ec2.send(new DescribeVpcsCommand({}));
  });
});

describe('a role', () => {
  const made = async (name: string, externalId: string | null, policy: object | null = null) => {
    const me = await new STSClient(limited()).send(new GetCallerIdentityCommand({}));
    const { body } = await fixture.lab.control('POST', `/accounts/aws/${me.Account}/roles`, {
      name,
      trust: { principal: me.Arn, externalId },
      policy,
    });
    return (body as { arn: string }).arn;
  };
  const assume = async (RoleArn: string, ExternalId?: string) =>
    new STSClient(limited()).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'skein-org', ExternalId }),
    );
  const keysOf = ({ Credentials }: Awaited<ReturnType<typeof assume>>) => ({
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  });

  test('is assumed under its ExternalId and no other, by whom it trusts', async () => {
    const arn = await made('one', 'org_1');
    const session = await assume(arn, 'org_1');
    const config = { ...fixture.client(), credentials: keysOf(session) };
    const me = await new STSClient(config).send(new GetCallerIdentityCommand({}));
    expect(me.Arn).toMatch(/:assumed-role\/one\/skein-org$/);
    expect(me.Arn).toBe(session.AssumedRoleUser?.Arn);
    await new EC2Client(config).send(new CreateVpcCommand(CIDR));
    expect((await lastLogged())?.user).toBe(me.Arn);
    for (const wrong of [assume(arn, 'org_2'), assume(arn), assume(arn.replace('one', 'none'), 'org_1')])
      expect(await refusalOf(wrong)).toEqual(refused('AccessDenied', 403));
    const stranger = new STSClient(fixture.client()).send(
      new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'skein', ExternalId: 'org_1' }),
    );
    expect(await refusalOf(stranger)).toEqual(refused('AccessDenied', 403));
  });

  test('has its own policy', async () => {
    const Statement = [{ Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' }];
    const arn = await made('looker', null, { Version: '2012-10-17', Statement });
    const client = new EC2Client({ ...fixture.client(), credentials: keysOf(await assume(arn)) });
    await client.send(new DescribeVpcsCommand({}));
    expect(await refusalOf(client.send(new CreateVpcCommand(CIDR)))).toEqual(
      refused('UnauthorizedOperation', 403),
    );
  });

  test('ends with its session', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skein-lab-'));
    let ahead = 0;
    const lab = await startLab({
      directory,
      realiser: paperRealiser(),
      now: () => new Date(Date.now() + ahead),
    });
    const config = (credentials: {
      accessKeyId: string;
      secretAccessKey: string;
      sessionToken?: string;
    }) => ({
      endpoint: lab.awsUrl,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials,
      systemClockOffset: ahead,
    });
    const sts = () => new STSClient(config({ ...lab.accounts.aws }));
    const me = await sts().send(new GetCallerIdentityCommand({}));
    const { body } = await lab.control('POST', `/accounts/aws/${me.Account}/roles`, {
      name: 'short',
      trust: { principal: me.Arn, externalId: null },
      policy: null,
    });
    const wanted = { RoleArn: (body as { arn: string }).arn, RoleSessionName: 'skein', DurationSeconds: 900 };
    const keys = keysOf(await sts().send(new AssumeRoleCommand(wanted)));
    const look = () => new EC2Client(config(keys)).send(new DescribeVpcsCommand({}));
    ahead = 890_000;
    await look();
    ahead = 901_000;
    expect(await refusalOf(look())).toEqual(refused('RequestExpired', 400));
    const again = new STSClient(config(keys)).send(new GetCallerIdentityCommand({}));
    expect(await refusalOf(again)).toEqual(refused('ExpiredToken', 403));
    await lab.close();
    await rm(directory, { recursive: true });
  });

  test('is not had without the session token, with a false one, or with a false key', async () => {
    const keys = keysOf(await assume(await made('token', null)));
    const { sessionToken, ...without } = keys;
    for (const credentials of [
      without,
      { ...keys, sessionToken: `${sessionToken}x` },
      { ...keys, secretAccessKey: 'x' },
    ])
      expect(
        await refusalOf(
          new EC2Client({ ...fixture.client(), credentials }).send(new DescribeVpcsCommand({})),
        ),
      ).toEqual(refused('AuthFailure', 401));
  });
});

describe('quotas', () => {
  const quotas = () => new ServiceQuotasClient(fixture.client());
  const quota = async (ServiceCode: string, QuotaCode: string) =>
    (await quotas().send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }))).Quota?.Value;

  test.each([
    ['ec2', 'L-1216C47A', 256],
    ['ec2', 'L-0263D0A3', 30],
    ['vpc', 'L-F678F1CE', 50],
  ])('%s %s is told', async (service, code, value) => {
    expect(await quota(service, code)).toBe(value);
    const { Quotas } = await quotas().send(new ListServiceQuotasCommand({ ServiceCode: service }));
    expect(Quotas?.find((each) => each.QuotaCode === code)?.Value).toBe(value);
  });

  test('EC2 tells its own, with what a fault lowers', async () => {
    const ask = async () => {
      const { AccountAttributes } = await ec2.send(new DescribeAccountAttributesCommand({}));
      const found = AccountAttributes?.find((each) => each.AttributeName === 'vpc-max-elastic-ips');
      return found?.AttributeValues?.[0]?.AttributeValue;
    };
    expect(await ask()).toBe('30');
    fixture.lab.faults.set([{ fault: { kind: 'quota', name: 'elastic-ips', limit: 2 } }]);
    expect(await ask()).toBe('2');
  });

  test('a limit that is set is told and enforced', async () => {
    const { Account } = await new STSClient(fixture.client()).send(new GetCallerIdentityCommand({}));
    const west = fixture.ec2('us-west-2');
    await fixture.lab.control('PUT', `/accounts/aws/${Account}/quotas`, { vpcs: 1 });
    expect(await quota('vpc', 'L-F678F1CE')).toBe(1);
    await west.send(new CreateVpcCommand(CIDR));
    expect(await refusalOf(west.send(new CreateVpcCommand(CIDR)))).toEqual(refused('VpcLimitExceeded', 400));
    await fixture.lab.control('PUT', `/accounts/aws/${Account}/quotas`, {});
    await west.send(new CreateVpcCommand(CIDR));
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['vpcs', () => ec2.send(new CreateVpcCommand(CIDR)), 'VpcLimitExceeded'],
    [
      'vcpus',
      async () => {
        const { subnetId, groupId } = await makeNetwork(ec2, '10.64.0.0/20');
        return ec2.send(
          new RunInstancesCommand({
            ImageId: DEBIAN(),
            InstanceType: 't3.micro',
            MinCount: 1,
            MaxCount: 1,
            SubnetId: subnetId,
            SecurityGroupIds: [groupId],
          }),
        );
      },
      'VcpuLimitExceeded',
    ],
    [
      'security-groups',
      async () => {
        const { Vpc } = await ec2.send(new CreateVpcCommand(CIDR));
        const wanted = { VpcId: Vpc?.VpcId, GroupName: 'g', Description: 'g' };
        return ec2.send(new CreateSecurityGroupCommand(wanted));
      },
      'SecurityGroupLimitExceeded',
    ],
  ])('a fault lowers %s', async (name, call, code) => {
    fixture.lab.faults.set([{ fault: { kind: 'quota', name } }]);
    const answer = await refusalOf(call());
    expect(fixture.lab.faults.bitten().total).toBe(1);
    expect(answer).toEqual(refused(code, 400));
  });
});

describe('the trail', () => {
  test('names who changed a security group, and looks in one region', async () => {
    await allow({ Action: 'ec2:*' });
    const { groupId } = await makeNetwork(ec2);
    await new EC2Client(limited()).send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: groupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    );
    const look = (region: string) =>
      new CloudTrailClient(fixture.client(region)).send(
        new LookupEventsCommand({
          LookupAttributes: [{ AttributeKey: 'ResourceName', AttributeValue: groupId }],
          StartTime: new Date(Date.now() - 60_000),
        }),
      );
    const { Events } = await look('us-east-1');
    expect(Events?.map((each) => [each.EventName, each.Username])).toEqual([
      ['AuthorizeSecurityGroupIngress', 'limited'],
      ['CreateSecurityGroup', 'skein'],
    ]);
    expect(Events?.[0]?.EventTime?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(JSON.parse(Events?.[0]?.CloudTrailEvent ?? '').userIdentity.arn).toMatch(/user\/limited$/);
    expect((await look('us-west-2')).Events).toEqual([]);
  });
});
