/** Who keeps a VPC or a security group from being deleted, by name, so that a person knows what to look at. */
import {
  type EC2Client,
  type Filter,
  paginateDescribeInstances,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import type { CallContext, Keyed } from '../provider.ts';
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

export const holdersOfGroup = (ec2: EC2Client, groupId: string, context: CallContext): Promise<string[]> =>
  instancesBy(ec2, { Name: 'instance.group-id', Values: [groupId] }, context);
