/** For tests: a lab on a paper ground in a directory of its own, and AWS's official clients pointed at it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { Route53Client } from '@aws-sdk/client-route-53';
import { type PaperRealiser, paperRealiser } from '../ground/paper.ts';
import { type RunningLab, startLab } from '../start.ts';
import { imagesOf } from './ec2/catalog.ts';

export interface LabFixture {
  lab: RunningLab;
  realiser: PaperRealiser;
  directory: string;
  ec2(region?: string): EC2Client;
  route53(): Route53Client;
  /** The configuration of any AWS client for the lab's first account. */
  client(region?: string): {
    endpoint: string;
    region: string;
    credentials: RunningLab['accounts']['aws'];
    maxAttempts: number;
  };
  /** Kills nothing, closes the lab and starts it again on what it left. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openFixture(): Promise<LabFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-lab-'));
  const realiser = paperRealiser();
  const fixture: LabFixture = {
    lab: await startLab({ directory, realiser }),
    realiser,
    directory,
    client: (region = 'us-east-1') => ({
      endpoint: fixture.lab.awsUrl,
      region,
      // The SDK writes on what it is given.
      credentials: { ...fixture.lab.accounts.aws },
      maxAttempts: 1,
    }),
    ec2: (region) => new EC2Client(fixture.client(region)),
    route53: () => new Route53Client(fixture.client()),
    async restart() {
      await fixture.lab.close();
      fixture.lab = await startLab({ directory, realiser });
    },
    async close() {
      await fixture.lab.close();
      await rm(directory, { recursive: true });
    },
  };
  return fixture;
}

export const DEBIAN = (region = 'us-east-1') => imagesOf(region)[0]?.id ?? '';

/** A VPC with one subnet, a group, and a way to the internet. */
export async function makeNetwork(ec2: EC2Client, cidr = '10.64.0.0/20', subnetCidr = cidr) {
  const vpcId = (await ec2.send(new CreateVpcCommand({ CidrBlock: cidr }))).Vpc?.VpcId ?? '';
  const subnet = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: subnetCidr }));
  const gateway = await ec2.send(new CreateInternetGatewayCommand({}));
  const gatewayId = gateway.InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }));
  const tables = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  const tableId = tables.RouteTables?.[0]?.RouteTableId ?? '';
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId: tableId,
      DestinationCidrBlock: '0.0.0.0/0',
      GatewayId: gatewayId,
    }),
  );
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'gateway', Description: 'gateways' }),
  );
  return {
    vpcId,
    subnetId: subnet.Subnet?.SubnetId ?? '',
    gatewayId,
    tableId,
    groupId: group.GroupId ?? '',
  };
}

export async function runOne(
  ec2: EC2Client,
  at: { subnetId: string; groupId: string },
  more: Partial<RunInstancesCommandInput> = {},
) {
  const answer = await ec2.send(
    new RunInstancesCommand({
      ImageId: DEBIAN(),
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: at.subnetId,
      SecurityGroupIds: [at.groupId],
      ...more,
    }),
  );
  return answer.Instances?.[0]?.InstanceId ?? '';
}

/** The code and HTTP status of the refusal that a call must meet. */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: string; status: number }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('the call was not refused');
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { code: error.name, status: $metadata?.httpStatusCode ?? 0 };
}
