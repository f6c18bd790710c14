/** Security groups. Their rules are in security-group-rule.ts. */
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { type Ec2Actions, type Ec2Call, findGroup, findVpc, newId, reads, writes } from './call.ts';
import { chosen, selectRows } from './filter.ts';
import { holdsInterface } from './instance-state.ts';
import { permissionSet } from './permission.ts';
import type { SecurityGroup, Tags } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

const CHARACTERS = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

/** A group with the one rule AWS gives it: out to everywhere. */
export function newGroup(vpcId: string, name: string, description: string, tags: Tags): SecurityGroup {
  return {
    id: newId('sg'),
    vpcId,
    name,
    description,
    rules: [
      {
        id: newId('sgr'),
        egress: true,
        protocol: '-1',
        fromPort: -1,
        toPort: -1,
        source: { cidr: '0.0.0.0/0' },
        description: null,
        tags: {},
      },
    ],
    tags,
  };
}

export const securityGroupActions: Ec2Actions = {
  CreateSecurityGroup: writes(({ params, state, region, account, full }) => {
    const name = params.required('GroupName');
    const description = params.required('GroupDescription');
    const vpcId = params.text('VpcId');
    const tags = tagSpecifications(params, ['security-group'])['security-group'];
    if (!CHARACTERS.test(name) || name.startsWith('sg-'))
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`,
      );
    if (name === 'default')
      throw new AwsError('InvalidParameterValue', `Cannot use reserved security group name: default`);
    if (!CHARACTERS.test(description))
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`,
      );
    if (!vpcId) throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user');
    const vpc = findVpc(state, vpcId);
    const siblings = Object.values(state.groups).filter((group) => group.vpcId === vpc.id);
    if (siblings.some((group) => group.name === name))
      throw new AwsError(
        'InvalidGroup.Duplicate',
        `The security group '${name}' already exists for VPC '${vpc.id}'`,
      );
    if (full('security-groups', Object.keys(state.groups).length + 1))
      throw new AwsError(
        'SecurityGroupLimitExceeded',
        'The maximum number of security groups has been reached.',
      );
    const group = newGroup(vpc.id, name, description, tags);
    state.groups[group.id] = group;
    return {
      return: true,
      groupId: group.id,
      tagSet: tagSet(tags),
      securityGroupArn: arn(region, account.accountId, group.id),
    };
  }),

  DeleteSecurityGroup: writes((call) => {
    const { params, state } = call;
    // By name works in a default VPC alone, which the lab's accounts do not have.
    const group = findGroup(state, params.required('GroupId'));
    if (group.name === 'default')
      throw new AwsError(
        'CannotDelete',
        `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
      );
    const used =
      Object.values(state.instances).some(
        (each) => each.groupIds.includes(group.id) && holdsInterface(call, each),
      ) ||
      Object.values(state.groups).some(
        (other) =>
          other.id !== group.id &&
          other.rules.some((rule) => 'groupId' in rule.source && rule.source.groupId === group.id),
      );
    if (used) throw new AwsError('DependencyViolation', `resource ${group.id} has a dependent object`);
    delete state.groups[group.id];
    return { return: true, groupId: group.id };
  }),

  DescribeSecurityGroups: reads((call) => {
    const { params, state } = call;
    const names = params.list('GroupName');
    if (names.length > 0)
      throw new AwsError(
        'InvalidParameterValue',
        `Invalid value '${names[0]}' for groupName. You may not reference Amazon VPC security groups by name. Please use the corresponding id for this operation.`,
      );
    const rows = chosen(params.list('GroupId'), state.groups, (id) => findGroup(state, id));
    const ingress = (group: SecurityGroup) => group.rules.filter((rule) => !rule.egress);
    const { page, nextToken } = selectRows(params, rows, {
      'group-id': (group) => group.id,
      'group-name': (group) => group.name,
      'vpc-id': (group) => group.vpcId,
      description: (group) => group.description,
      'owner-id': () => call.account.accountId,
      'ip-permission.cidr': (group) =>
        ingress(group).flatMap((rule) => ('cidr' in rule.source ? rule.source.cidr : [])),
      'ip-permission.group-id': (group) =>
        ingress(group).flatMap((rule) => ('groupId' in rule.source ? rule.source.groupId : [])),
      'ip-permission.protocol': (group) => ingress(group).map((rule) => rule.protocol),
      'ip-permission.from-port': (group) => ingress(group).map((rule) => String(rule.fromPort)),
      'ip-permission.to-port': (group) => ingress(group).map((rule) => String(rule.toPort)),
    });
    return { securityGroupInfo: { item: page.map((group) => view(call, group)) }, nextToken };
  }),
};

const arn = (region: string, accountId: string, id: string) =>
  `arn:aws:ec2:${region}:${accountId}:security-group/${id}`;

const view = (call: Ec2Call, group: SecurityGroup): Xml => ({
  ownerId: call.account.accountId,
  groupId: group.id,
  groupName: group.name,
  groupDescription: group.description,
  vpcId: group.vpcId,
  securityGroupArn: arn(call.region, call.account.accountId, group.id),
  ipPermissions: permissionSet(
    group.rules.filter((rule) => !rule.egress),
    call.account.accountId,
  ),
  ipPermissionsEgress: permissionSet(
    group.rules.filter((rule) => rule.egress),
    call.account.accountId,
  ),
  tagSet: tagSet(group.tags),
});
