/** Who may call: signatures, accounts, and the services that say who one is. */
import { CreateVpcCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetUserCommand, IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { CreateHostedZoneCommand, ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Accounts } from '../store/accounts.ts';
import { openStore } from '../store/store.ts';
import { DEBIAN, type LabFixture, openFixture, refusalOf } from './fixture.ts';

let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

const refused = (code: string, status: number) => ({ code, status });

test('the services say who one is and what one may', async () => {
  const me = await new STSClient(fixture.client()).send(new GetCallerIdentityCommand({}));
  expect(me.Arn).toBe(`arn:aws:iam::${me.Account}:user/skein`);
  const iam = new IAMClient(fixture.client());
  const { User } = await iam.send(new GetUserCommand({}));
  expect(User).toMatchObject({ UserName: 'skein', UserId: me.UserId, Arn: me.Arn });
  expect(await refusalOf(iam.send(new GetUserCommand({ UserName: 'nobody' })))).toMatchObject({
    status: 404,
  });
  const { EvaluationResults } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: me.Arn,
      ActionNames: ['ec2:RunInstances', 'ec2:CreateVpc'],
    }),
  );
  expect(EvaluationResults?.map((each) => [each.EvalActionName, each.EvalDecision])).toEqual([
    ['ec2:RunInstances', 'allowed'],
    ['ec2:CreateVpc', 'allowed'],
  ]);
  expect(await refusalOf(new STSClient(fixture.client()).send(new GetSessionTokenCommand({})))).toEqual(
    refused('InvalidAction', 400),
  );
});

test('the public parameters name the images of each region', async () => {
  const ssm = new SSMClient(fixture.client('us-west-2'));
  const Name = '/aws/service/debian/release/12/latest/amd64';
  expect((await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value).toBe(DEBIAN('us-west-2'));
  const amazon = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64';
  const many = await ssm.send(new GetParametersCommand({ Names: [amazon, '/none'] }));
  expect(many.Parameters?.[0]?.Value).toMatch(/^ami-0[0-9a-f]{16}$/);
  expect(many.InvalidParameters).toEqual(['/none']);
  expect(await refusalOf(ssm.send(new GetParameterCommand({ Name: '/none' })))).toEqual(
    refused('ParameterNotFound', 400),
  );
});

describe('a call that is not signed by the account', () => {
  const accessKeyId = 'AKIAAAAAAAAAAAAAAAAA';
  const wrongSecret = () => ({
    ...fixture.client(),
    credentials: { ...fixture.lab.accounts.aws, secretAccessKey: 'not the secret' },
  });
  const wrongKey = () => ({ ...fixture.client(), credentials: { ...fixture.lab.accounts.aws, accessKeyId } });

  test('with a key of nobody’s it may look at machines and zones, as one does with the aws command', async () => {
    await fixture.ec2().send(new CreateVpcCommand({ CidrBlock: '10.8.0.0/16' }));
    const seen = await new EC2Client(wrongKey()).send(new DescribeVpcsCommand({}));
    expect(seen.Vpcs?.map((vpc) => vpc.CidrBlock)).toContain('10.8.0.0/16');
    expect((await new Route53Client(wrongKey()).send(new ListHostedZonesCommand({}))).HostedZones).toEqual(
      [],
    );
    expect(await refusalOf(new EC2Client(wrongSecret()).send(new DescribeVpcsCommand({})))).toEqual(
      refused('AuthFailure', 401),
    );
  });

  test('is refused, by each service in its own words', async () => {
    const answers = async (config: ReturnType<typeof wrongKey>) =>
      Promise.all(
        [
          new EC2Client(config).send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' })),
          new STSClient(config).send(new GetCallerIdentityCommand({})),
          new IAMClient(config).send(new GetUserCommand({})),
          new Route53Client(config).send(
            new CreateHostedZoneCommand({ Name: 'x.example', CallerReference: 'x' }),
          ),
          new SSMClient(config).send(new GetParameterCommand({ Name: '/x' })),
        ].map(refusalOf),
      );
    expect(await answers(wrongKey())).toEqual([
      refused('AuthFailure', 401),
      refused('InvalidClientTokenId', 403),
      refused('InvalidClientTokenId', 403),
      refused('InvalidClientTokenId', 403),
      refused('UnrecognizedClientException', 400),
    ]);
    expect(await answers(wrongSecret())).toEqual([
      refused('AuthFailure', 401),
      refused('SignatureDoesNotMatch', 403),
      refused('SignatureDoesNotMatch', 403),
      refused('SignatureDoesNotMatch', 403),
      refused('InvalidSignatureException', 400),
    ]);
  });

  test('is refused when its body was changed on the way, or it comes late, or has no signature', async () => {
    const ec2 = fixture.ec2();
    ec2.middlewareStack.add(
      (next) => (args) => {
        const request = args.request as { body: string };
        request.body = request.body.replace('10.0.0.0', '10.1.0.0');
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    expect(await refusalOf(ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })))).toEqual(
      refused('AuthFailure', 401),
    );
    const late = new EC2Client({ ...fixture.client(), systemClockOffset: -6 * 60 * 1000 });
    expect(await refusalOf(late.send(new DescribeVpcsCommand({})))).toEqual(refused('RequestExpired', 400));
    const bare = await fetch(fixture.lab.awsUrl, {
      method: 'POST',
      body: 'Action=DescribeVpcs&Version=2016-11-15',
    });
    expect(bare.status).toBe(403);
    expect(await bare.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });
});

test('accounts do not see one another', async () => {
  await fixture.ec2().send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const accounts = openStore(`${fixture.directory}/state`)
    .section<Accounts>('accounts', () => ({ aws: [], gcp: [], azure: [] }))
    .read();
  const other = accounts.aws[1];
  if (!other) throw new Error('the lab has one account only');
  const elsewhere = new EC2Client({ ...fixture.client(), credentials: other });
  expect((await elsewhere.send(new DescribeVpcsCommand({}))).Vpcs).toEqual([]);
  const me = await new STSClient({ ...fixture.client(), credentials: other }).send(
    new GetCallerIdentityCommand({}),
  );
  expect(me.Account).toBe(other.accountId);
});

test('an action AWS does not have is refused', async () => {
  const ec2 = fixture.ec2();
  ec2.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: string };
      request.body = request.body.replace('DescribeVpcs', 'DescribeCows');
      return next(args);
    },
    { step: 'build', name: 'rename' },
  );
  expect(await refusalOf(ec2.send(new DescribeVpcsCommand({})))).toEqual(refused('InvalidAction', 400));
});
