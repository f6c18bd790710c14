import { describe, expect, it } from 'vitest';
import { DRY_RUNS } from './dry-runs.ts';
import { grant } from './grant.ts';
import { CREATE_ACTIONS, nodeIdentityPermissions, permissions, permissionsOfCall } from './permissions.ts';
import { examplesOf, isHeldToTags, policyFor, type Statement } from './policy.ts';

const organizationId = 'org_0123456789abcdefghjk';
const all = [...permissions, ...nodeIdentityPermissions];
const policy = policyFor(all, { organizationId, principal: 'role/skein' });
const statementsOf = (action: string): Statement[] =>
  policy.Statement.filter((one) => one.Action.includes(action));

describe('the policy', () => {
  it('gives exactly what is asked for', () => {
    const given = new Set(policy.Statement.flatMap((one) => one.Action));
    expect([...given].sort()).toEqual(all.map((one) => one.action).sort());
    const few = policyFor([{ action: 'ec2:CreateVpc', why: '' }], {
      organizationId,
      principal: 'user/skein',
    });
    expect(few.Statement).toEqual([
      { Sid: 'LookAndMake', Effect: 'Allow', Action: ['ec2:CreateVpc'], Resource: '*' },
    ]);
  });

  it('lets nothing be deleted, ended or tagged that is not of the organization', () => {
    const risky = /^ec2:(Delete|Terminate|Modify|Release|Revoke|Authorize|Detach|CreateTags)/;
    // Routes are of tables that AWS makes with the VPC, without tags.
    const actions = all
      .map((one) => one.action)
      .filter((one) => risky.test(one) && one !== 'ec2:DeleteRoute');
    expect(actions.length).toBeGreaterThan(10);
    for (const action of actions)
      for (const one of statementsOf(action))
        expect(JSON.stringify(one.Condition), action).toContain(`"${organizationId}"`);
  });

  it('starts instances with our tag only, and passes roles to EC2 only', () => {
    const [instances, rest] = statementsOf('ec2:RunInstances');
    expect(instances).toMatchObject({
      Resource: ['arn:aws:ec2:*:*:instance/*'],
      Condition: { StringEquals: { 'aws:RequestTag/skein-organization': organizationId } },
    });
    expect(rest?.Resource).not.toContain('arn:aws:ec2:*:*:instance/*');
    expect(statementsOf('iam:PassRole')).toMatchObject([
      { Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } } },
    ]);
    expect(policyFor(permissions, { organizationId, principal: 'user/skein' }).Statement).not.toContainEqual(
      expect.objectContaining({ Sid: 'NodeRole' }),
    );
  });

  it('fits into one managed policy, with room for DNS', () => {
    // AWS counts no white space; 6144 is its limit.
    expect(JSON.stringify(policy).length).toBeLessThan(6144 - 800);
  });

  it('is asked about with resources of the forms it names', () => {
    const at = { region: 'eu-west-1', account: '123456789012' };
    expect(examplesOf('ec2:AssociateAddress', at)).toEqual([
      'arn:aws:ec2:eu-west-1:123456789012:elastic-ip/example',
      'arn:aws:ec2:eu-west-1:123456789012:instance/example',
      'arn:aws:ec2:eu-west-1:123456789012:network-interface/example',
    ]);
    expect(examplesOf('ec2:DeleteVpc', at)).toEqual([]);
    expect(isHeldToTags('ec2:DeleteVpc')).toBe(true);
    expect(isHeldToTags('ec2:CreateVpc')).toBe(false);
  });
});

describe('the permissions', () => {
  it('have a dry run where AWS has one', () => {
    const without = permissions
      .map((one) => one.action)
      .filter((action) => action.startsWith('ec2:') && !DRY_RUNS[action]);
    expect(without).toEqual(['ec2:ModifyVpcAttribute']);
    for (const action of Object.keys(DRY_RUNS))
      expect(permissions.map((one) => one.action)).toContain(action);
  });

  it('name each action once, with what it is for', () => {
    const actions = all.map((one) => one.action);
    expect(new Set(actions).size).toBe(actions.length);
    for (const one of all) expect(one.why).toMatch(/^[a-z].{5,}[^.]$/);
    for (const action of CREATE_ACTIONS) expect(actions).toContain(`ec2:${action}`);
    expect(permissionsOfCall('ec2:CreateVpc')).toEqual(['ec2:CreateVpc', 'ec2:CreateTags']);
    expect(permissionsOfCall('sts:GetCallerIdentity')).toEqual([]);
  });
});

describe('the grant', () => {
  it('trusts our principal under the organization’s id and nobody else', () => {
    const documents = grant(permissions, {
      organizationId,
      keyless: { awsPrincipal: 'arn:aws:iam::210987654321:user/skein', issuer: 'https://skein.test' },
    });
    expect(documents.map((one) => one.language)).toEqual(['json', 'json', 'shell']);
    expect(JSON.parse(documents[0]?.text ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::210987654321:user/skein' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': organizationId } },
        },
      ],
    });
    expect(documents[1]?.text).toContain('arn:aws:iam::*:role/skein');
    expect(documents[2]?.text).toContain('create-role');
  });

  it('makes a user with a key where that is wanted', () => {
    const documents = grant(permissions, { organizationId, keyless: null });
    expect(documents.map((one) => one.language)).toEqual(['json', 'shell']);
    expect(documents[1]?.text).toContain('aws iam create-access-key --user-name skein');
    expect(documents[0]?.text).toContain('arn:aws:iam::*:user/skein');
  });
});
