/** Rules of security groups: authorize, revoke, describe. */
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { type Ec2Actions, type Ec2Call, findGroup, newId, reads, writes } from './call.ts';
import { selectRows } from './filter.ts';
import { keyOf, type Permission, peerOf, readPermissions, ruleView } from './permission.ts';
import type { Rule, SecurityGroup } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

export const securityGroupRuleActions: Ec2Actions = {
  AuthorizeSecurityGroupIngress: writes((call) => authorize(call, false)),
  AuthorizeSecurityGroupEgress: writes((call) => authorize(call, true)),
  RevokeSecurityGroupIngress: writes((call) => revoke(call, false)),
  RevokeSecurityGroupEgress: writes((call) => revoke(call, true)),

  DescribeSecurityGroupRules: reads((call) => {
    const { params, state } = call;
    const ids = params.list('SecurityGroupRuleId');
    const all = Object.values(state.groups).flatMap((group) =>
      group.rules.map((rule) => ({ ...rule, groupId: group.id })),
    );
    for (const id of ids)
      if (!all.some((rule) => rule.id === id))
        throw new AwsError(
          'InvalidSecurityGroupRuleId.NotFound',
          `The security group rule ID '${id}' does not exist`,
        );
    const rows = ids.length === 0 ? all : all.filter((rule) => ids.includes(rule.id));
    const { page, nextToken } = selectRows(params, rows, {
      'group-id': (rule) => rule.groupId,
      'security-group-rule-id': (rule) => rule.id,
    });
    return {
      securityGroupRuleSet: { item: page.map((rule) => fullView(call, rule, rule.groupId)) },
      nextToken,
    };
  }),
};

function authorize(call: Ec2Call, egress: boolean): { [name: string]: Xml } {
  const { params, state } = call;
  const group = findGroup(state, params.required('GroupId'));
  const permissions = readPermissions(params, state, group);
  const tags = tagSpecifications(params, ['security-group-rule'])['security-group-rule'];
  const present = group.rules.filter((rule) => rule.egress === egress);
  for (const permission of permissions)
    if (present.some((rule) => keyOf(rule) === keyOf(permission)))
      throw new AwsError(
        'InvalidPermission.Duplicate',
        `the specified rule "${inWords(permission)}" already exists`,
      );
  if (call.full('rules', present.length + permissions.length))
    throw new AwsError(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    );
  const made = permissions.map((permission) => ({
    id: newId('sgr'),
    egress,
    ...permission,
    tags: { ...tags },
  }));
  group.rules.push(...made);
  return { return: true, securityGroupRuleSet: { item: made.map((rule) => fullView(call, rule, group.id)) } };
}

/** All or nothing: one rule that is not there and none is revoked. */
function revoke({ params, state }: Ec2Call, egress: boolean): { [name: string]: Xml } {
  const group = findGroup(state, params.required('GroupId'));
  const ids = params.list('SecurityGroupRuleId');
  const gone =
    ids.length > 0
      ? byId(group, ids, egress)
      : byPermission(group, readPermissions(params, state, group), egress);
  group.rules = group.rules.filter((rule) => !gone.includes(rule));
  return {
    return: true,
    revokedSecurityGroupRuleSet: {
      item: gone.map((rule) => ({
        ...ruleView(rule, group.id),
        referencedGroupId: 'groupId' in rule.source ? rule.source.groupId : undefined,
      })),
    },
  };
}

function byId(group: SecurityGroup, ids: readonly string[], egress: boolean): Rule[] {
  return ids.map((id) => {
    const rule = group.rules.find((each) => each.id === id && each.egress === egress);
    if (!rule)
      throw new AwsError(
        'InvalidSecurityGroupRuleId.NotFound',
        `The security group rule ID '${id}' does not exist`,
      );
    return rule;
  });
}

function byPermission(group: SecurityGroup, permissions: readonly Permission[], egress: boolean): Rule[] {
  return permissions.map((permission) => {
    const rule = group.rules.find((each) => each.egress === egress && keyOf(each) === keyOf(permission));
    if (!rule)
      throw new AwsError(
        'InvalidPermission.NotFound',
        'The specified rule does not exist in this security group.',
      );
    return rule;
  });
}

const fullView = (call: Ec2Call, rule: Rule, groupId: string): Xml => ({
  ...ruleView(rule, groupId),
  groupOwnerId: call.account.accountId,
  referencedGroupInfo:
    'groupId' in rule.source ? { groupId: rule.source.groupId, userId: call.account.accountId } : undefined,
  securityGroupRuleArn: `arn:aws:ec2:${call.region}:${call.account.accountId}:security-group-rule/${rule.id}`,
  tagSet: tagSet(rule.tags),
});

const inWords = (permission: Permission) =>
  `peer: ${peerOf(permission.source)}, ${permission.protocol === '-1' ? 'ALL' : permission.protocol.toUpperCase()}, ` +
  (permission.fromPort === -1 ? '' : `from port: ${permission.fromPort}, to port: ${permission.toPort}, `) +
  'ALLOW';
