/** Who keeps a VPC or a security group from being deleted, by name, so that a person knows what to look at. */
import {
  type EC2Client,
  type Filter,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import { type CallContext, CloudError, type Keyed } from '../provider.ts';
import { askAll } from './ask.ts';
import { keyedBy, nameOf } from './tags.ts';

const called = (kind: string, id: string | undefined, name: string | undefined) =>
  name ? `${kind} ${id} (${name})` : `${kind} ${id}`;

async function instancesBy(ec2: EC2Client, filter: Filter, context: CallContext): Promise<string[]> {
  const living = {
    Name: 'instance-state-name',
    Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'],
  };
  const reservations = await askAll(
    'listing instances',
    context,
    (o) => paginateDescribeInstances({ client: ec2 }, { Filters: [filter, living] }, o),
    (page) => page.Reservations,
  );
  return reservations
    .flatMap((one) => one.Instances ?? [])
    .map((one) => called('instance', one.InstanceId, nameOf(one.Tags)));
}

/** Everything in the VPC that does not go with it: instances, security groups, others' subnets. */
export async function holdersOfVpc(
  ec2: EC2Client,
  vpcId: string,
  at: Keyed,
  context: CallContext,
): Promise<string[]> {
  const filter = { Name: 'vpc-id', Values: [vpcId] };
  const [instances, groups, subnets] = await Promise.all([
    instancesBy(ec2, filter, context),
    askAll(
      'listing security groups',
      context,
      (o) => paginateDescribeSecurityGroups({ client: ec2 }, { Filters: [filter] }, o),
      (page) => page.SecurityGroups,
    ),
    askAll(
      'listing subnets',
      context,
      (o) => paginateDescribeSubnets({ client: ec2 }, { Filters: [filter] }, o),
      (page) => page.Subnets,
    ),
  ]);
  return [
    ...instances,
    ...groups
      .filter((one) => one.GroupName !== 'default')
      .map((one) => called('security group', one.GroupId, one.GroupName)),
    ...subnets
      .filter((one) => keyedBy(one.Tags)?.key !== at.key)
      .map((one) => called('subnet', one.SubnetId, nameOf(one.Tags))),
  ];
}

/** What keeps a security group: machines, interfaces of other services, and groups whose rules name it. */
export async function holdersOfGroup(
  ec2: EC2Client,
  groupId: string,
  context: CallContext,
): Promise<string[]> {
  const naming = (name: string) =>
    askAll(
      'listing security groups',
      context,
      (o) =>
        paginateDescribeSecurityGroups({ client: ec2 }, { Filters: [{ Name: name, Values: [groupId] }] }, o),
      (page) => page.SecurityGroups,
    );
  const [instances, interfaces, ingress, egress] = await Promise.all([
    instancesBy(ec2, { Name: 'instance.group-id', Values: [groupId] }, context),
    unlessRefused(() => interfacesBy(ec2, { Name: 'group-id', Values: [groupId] }, context)),
    naming('ip-permission.group-id'),
    unlessRefused(() => naming('egress.ip-permission.group-id')),
  ]);
  const groups = [...ingress, ...egress]
    .filter((one) => one.GroupId !== groupId)
    .map((one) => `${called('security group', one.GroupId, one.GroupName)}, whose rules name it`);
  return [...new Set([...instances, ...interfaces, ...groups])];
}

/**
 * The failure of a VPC that AWS does not let go although no machine, group or subnet is left in it: load balancers,
 * gateways and endpoints show as network interfaces with a word about whose they are.
 */
export async function vpcHeld(
  ec2: EC2Client,
  vpcId: string,
  error: CloudError,
  context: CallContext,
): Promise<CloudError> {
  const filter = { Name: 'vpc-id', Values: [vpcId] };
  const [interfaces, tables] = await Promise.all([
    unlessRefused(() => interfacesBy(ec2, filter, context)),
    unlessRefused(async () =>
      (
        await askAll(
          'listing route tables',
          context,
          (o) => paginateDescribeRouteTables({ client: ec2 }, { Filters: [filter] }, o),
          (page) => page.RouteTables,
        )
      )
        .filter((table) => !table.Associations?.some((one) => one.Main))
        .map((table) => called('route table', table.RouteTableId, nameOf(table.Tags))),
    ),
  ]);
  const holders = [...interfaces, ...tables];
  if (holders.length === 0) return error;
  return new CloudError('in-use', `VPC ${vpcId} is still used by ${holders.join(', ')}.`, {
    remedy: 'Delete those first.',
    cause: error.cause,
  });
}

/** Interfaces but those of machines, which are named themselves. */
async function interfacesBy(ec2: EC2Client, filter: Filter, context: CallContext): Promise<string[]> {
  const all: NetworkInterface[] = await askAll(
    'listing network interfaces',
    context,
    (o) => paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters: [filter] }, o),
    (page) => page.NetworkInterfaces,
  );
  return all
    .filter((one) => !one.Attachment?.InstanceId)
    .map((one) =>
      called(
        'network interface',
        one.NetworkInterfaceId,
        one.Description || nameOf(one.TagSet) || one.InterfaceType,
      ),
    );
}

/** Naming culprits is a help: where we may not look, the deletion's own failure is told. */
async function unlessRefused<T>(list: () => Promise<T[]>): Promise<T[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof CloudError && (error.code === 'forbidden' || error.code === 'invalid')) return [];
    throw error;
  }
}
