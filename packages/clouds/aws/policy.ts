/** An IAM policy that gives exactly a list of permissions, as narrow as AWS can say it. Pure. */
import type { Permission } from '../provider.ts';
import { CREATE_ACTIONS } from './permissions.ts';

export interface Statement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string | string[];
  Condition?: { StringEquals: Record<string, string | readonly string[]> };
}
export interface Policy {
  Version: '2012-10-17';
  Statement: Statement[];
}

const TAG = 'skein-organization';
const ec2 = (...types: string[]) => types.map((type) => `arn:aws:ec2:*:*:${type}/*`);

/** Change or delete what stands; AWS can hold them to what carries the organization's tag. */
const OWN_ONLY = [
  'ec2:ModifyVpcAttribute',
  'ec2:DeleteVpc',
  'ec2:DeleteSubnet',
  'ec2:AttachInternetGateway',
  'ec2:DetachInternetGateway',
  'ec2:DeleteInternetGateway',
  'ec2:AuthorizeSecurityGroupIngress',
  'ec2:RevokeSecurityGroupIngress',
  'ec2:DeleteSecurityGroup',
  'ec2:ReleaseAddress',
  'ec2:StartInstances',
  'ec2:ModifyInstanceAttribute',
  'ec2:TerminateInstances',
  'ec2:DeleteVpcPeeringConnection',
];
/** Act on several things at once, of which only some carry our tag. */
const PARTLY_OWN: Readonly<Record<string, { own: string[]; other: string[] }>> = {
  // The network interface comes with the instance and has no tags.
  'ec2:AssociateAddress': { own: ec2('elastic-ip', 'instance'), other: ec2('network-interface') },
  // The VPC may be one that Skein was told to use and never tags.
  'ec2:AcceptVpcPeeringConnection': { own: ec2('vpc-peering-connection'), other: ec2('vpc') },
};

/**
 * @param role name of the IAM role or user that gets the policy, so that it may ask what it may do itself
 * @returns statements in a fixed order; those without an action are left out
 */
export function policyFor(
  permissions: readonly Permission[],
  grantee: { organizationId: string; principal: string },
): Policy {
  const left = new Set(permissions.map((one) => one.action));
  const take = (actions: readonly string[]) => actions.filter((action) => left.delete(action)).sort();
  const tagged = (kind: 'RequestTag' | 'ResourceTag') => ({
    [`aws:${kind}/${TAG}`]: grantee.organizationId,
  });
  const statements: Statement[] = [];
  const allow = (
    Sid: string,
    Action: string[],
    Resource: string | string[],
    StringEquals?: Record<string, string | readonly string[]>,
  ) => {
    if (Action.length > 0)
      statements.push({
        Sid,
        Effect: 'Allow',
        Action,
        Resource,
        ...(StringEquals && { Condition: { StringEquals } }),
      });
  };

  allow('ChangeOwn', take(OWN_ONLY), '*', tagged('ResourceTag'));
  for (const [action, { own, other }] of Object.entries(PARTLY_OWN)) {
    const taken = take([action]);
    const name = action.replace('ec2:', '');
    allow(`${name}Own`, taken, own, tagged('ResourceTag'));
    allow(`${name}With`, taken, other);
  }
  const run = take(['ec2:RunInstances']);
  allow('RunInstancesTagged', run, ec2('instance'), tagged('RequestTag'));
  allow('RunInstancesWith', run, [
    'arn:aws:ec2:*::image/*',
    ...ec2('network-interface', 'security-group', 'subnet', 'volume'),
  ]);
  const tag = take(['ec2:CreateTags']);
  allow('TagWhatIsMade', tag, '*', { 'ec2:CreateAction': CREATE_ACTIONS, ...tagged('RequestTag') });
  // The side that agrees to a peering marks its half of what the other side made.
  allow('TagPeerings', tag, ec2('vpc-peering-connection'), tagged('RequestTag'));
  allow('PublicImages', take(['ssm:GetParameter']), 'arn:aws:ssm:*::parameter/aws/service/*');
  allow('NodeRole', take(['iam:PassRole']), '*', { 'iam:PassedToService': 'ec2.amazonaws.com' });
  allow('AskWhatIsMissing', take(['iam:SimulatePrincipalPolicy']), `arn:aws:iam::*:${grantee.principal}`);
  // What only looks, and what makes things that are nobody's yet. Route 53 and route tables know no tags in policies.
  allow('LookAndMake', take([...left]), '*');
  return { Version: '2012-10-17', Statement: statements };
}

/** Whether a policy of ours allows an action only under a condition on tags, which no dry run can satisfy. */
export const isHeldToTags = (action: string): boolean =>
  OWN_ONLY.includes(action) ||
  action in PARTLY_OWN ||
  action === 'ec2:RunInstances' ||
  action === 'ec2:CreateTags';

/** Resources to ask about when it is asked whether an action is allowed: one of each form that the policy names. */
export function examplesOf(action: string, at: { region: string; account: string }): string[] {
  const policy = policyFor([{ action, why: '' }], { organizationId: '', principal: 'role/skein' });
  const patterns = policy.Statement.flatMap((one) => one.Resource);
  return patterns
    .filter((one) => one !== '*')
    .map((one) =>
      one
        .replace(/^arn:aws:(\w+):\*:\*:/, `arn:aws:$1:${at.region}:${at.account}:`)
        .replace(/^arn:aws:(\w+):\*::/, `arn:aws:$1:${at.region}::`)
        .replace(/\*$/, 'example'),
    );
}
