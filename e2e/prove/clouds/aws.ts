import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  paginateDescribeSecurityGroups,
} from '@aws-sdk/client-ec2';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { INSIDE } from '@skein/local/config.ts';
import type { LabAccounts } from '@skein/local/lab.ts';
import type { SeenRule } from './seen.ts';

const ENDPOINT = `http://127.0.0.1:${INSIDE.aws}`;

function optionsFor(accounts: LabAccounts, region: string) {
  const { accessKeyId, secretAccessKey } = accounts.aws[0] as LabAccounts['aws'][0];
  return { region, endpoint: ENDPOINT, credentials: { accessKeyId, secretAccessKey } };
}

export function openEc2(accounts: LabAccounts, region: string): EC2Client {
  return new EC2Client(optionsFor(accounts, region));
}

/** Every ingress rule of the network's security groups in a region. */
export async function awsRules(
  accounts: LabAccounts,
  region: string,
  networkId: string,
): Promise<SeenRule[]> {
  const client = openEc2(accounts, region);
  const rules: SeenRule[] = [];
  const Filters = [{ Name: 'tag:skein-network', Values: [networkId] }];
  for await (const page of paginateDescribeSecurityGroups({ client }, { Filters })) {
    for (const group of page.SecurityGroups ?? []) {
      for (const permission of group.IpPermissions ?? []) {
        const sources = [
          ...(permission.IpRanges ?? []).map((range) => range.CidrIp),
          ...(permission.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
          ...(permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId),
        ];
        for (const source of sources) {
          rules.push({
            where: region,
            group: group.GroupName ?? '',
            protocol: permission.IpProtocol ?? '',
            ports: `${permission.FromPort}-${permission.ToPort}`,
            source: source ?? '',
          });
        }
      }
    }
  }
  client.destroy();
  return rules;
}

/** Kind and id of everything that still carries the network's tag, and of every hosted zone. */
export async function awsRemains(
  accounts: LabAccounts,
  networkId: string,
  regions: readonly string[],
): Promise<string[]> {
  const Filters = [{ Name: 'tag:skein-network', Values: [networkId] }];
  const remains: string[] = [];
  for (const region of regions) {
    const client = openEc2(accounts, region);
    const instances = await client.send(new DescribeInstancesCommand({ Filters }));
    const living = (instances.Reservations ?? [])
      .flatMap((reservation) => reservation.Instances ?? [])
      .filter((one) => one.State?.Name !== 'terminated');
    const groups = await client.send(new DescribeSecurityGroupsCommand({ Filters }));
    const addresses = await client.send(new DescribeAddressesCommand({ Filters }));
    const subnets = await client.send(new DescribeSubnetsCommand({ Filters }));
    const vpcs = await client.send(new DescribeVpcsCommand({ Filters }));
    remains.push(
      ...living.map((one) => `instance ${one.InstanceId}`),
      ...(groups.SecurityGroups ?? []).map((one) => `security group ${one.GroupId}`),
      ...(addresses.Addresses ?? []).map((one) => `address ${one.AllocationId}`),
      ...(subnets.Subnets ?? []).map((one) => `subnet ${one.SubnetId}`),
      ...(vpcs.Vpcs ?? []).map((one) => `VPC ${one.VpcId}`),
    );
    client.destroy();
  }
  const route53 = new Route53Client(optionsFor(accounts, 'us-east-1'));
  const { HostedZones = [] } = await route53.send(new ListHostedZonesCommand({}));
  route53.destroy();
  return [...remains, ...HostedZones.map((zone) => `hosted zone ${zone.Name}`)];
}
