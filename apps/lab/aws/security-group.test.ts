/** Security groups and their rules, through the official client. */
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type LabFixture, makeNetwork, openFixture, refusalOf, runOne } from './fixture.ts';

let fixture: LabFixture;
let ec2: EC2Client;
let network: Awaited<ReturnType<typeof makeNetwork>>;
beforeAll(async () => {
  fixture = await openFixture();
  ec2 = fixture.ec2();
  network = await makeNetwork(ec2);
});
afterAll(() => fixture.close());

const refused = (code: string) => ({ code, status: 400 });
let count = 0;
async function newGroup(): Promise<string> {
  count += 1;
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({
      VpcId: network.vpcId,
      GroupName: `group ${count}`,
      Description: 'a test',
    }),
  );
  return GroupId;
}
const wireguard = (...cidrs: string[]): IpPermission => ({
  IpProtocol: 'udp',
  FromPort: 51820,
  ToPort: 51820,
  IpRanges: cidrs.map((CidrIp) => ({ CidrIp, Description: 'a gateway' })),
});
const authorize = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
const revoke = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
const shown = async (GroupId: string) =>
  (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))).SecurityGroups?.[0];

describe('a group', () => {
  test('begins with no way in and every way out', async () => {
    const GroupId = await newGroup();
    expect(await shown(GroupId)).toMatchObject({
      GroupId,
      VpcId: network.vpcId,
      Description: 'a test',
      IpPermissions: [],
      IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
  });

  test('has a name of its own within its VPC', async () => {
    const make = (GroupName: string, Description = 'twice', VpcId: string | undefined = network.vpcId) =>
      ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description }));
    await make('once');
    expect(await refusalOf(make('once'))).toEqual(refused('InvalidGroup.Duplicate'));
    expect(await refusalOf(make('default'))).toEqual(refused('InvalidParameterValue'));
    expect(await refusalOf(make('sg-mine'))).toEqual(refused('InvalidParameterValue'));
    expect(await refusalOf(make('dash', 'an em dash — is not taken'))).toEqual(
      refused('InvalidParameterValue'),
    );
    expect(await refusalOf(make('elsewhere', 'x', 'vpc-00000000000000000'))).toEqual(
      refused('InvalidVpcID.NotFound'),
    );
  });

  test('cannot be deleted while an instance or another group’s rule needs it, nor ever the default one', async () => {
    const used = await newGroup();
    const id = await runOne(ec2, { subnetId: network.subnetId, groupId: used });
    const remove = (GroupId: string) => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
    expect(await refusalOf(remove(used))).toEqual(refused('DependencyViolation'));
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await eventually(() => fixture.realiser.status(id)).toBeUndefined();
    const other = await newGroup();
    const permission = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: used }] };
    await authorize(other, permission);
    expect(await refusalOf(remove(used))).toEqual(refused('DependencyViolation'));
    await revoke(other, permission);
    await remove(used);
    expect(await refusalOf(remove(used))).toEqual(refused('InvalidGroup.NotFound'));
    const { SecurityGroups } = await ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: 'vpc-id', Values: [network.vpcId] },
          { Name: 'group-name', Values: ['default'] },
        ],
      }),
    );
    expect(await refusalOf(remove(SecurityGroups?.[0]?.GroupId ?? ''))).toEqual(refused('CannotDelete'));
  });
});

describe('rules', () => {
  test('are added, shown together, found one by one, and taken back', async () => {
    const GroupId = await newGroup();
    const made = await authorize(GroupId, wireguard('198.18.128.4/32', '198.18.64.7/32'));
    expect(made.SecurityGroupRules).toMatchObject([
      { CidrIpv4: '198.18.128.4/32', IsEgress: false, IpProtocol: 'udp', FromPort: 51820 },
      { CidrIpv4: '198.18.64.7/32' },
    ]);
    await authorize(GroupId, { IpProtocol: '6', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId }] });
    expect((await shown(GroupId))?.IpPermissions).toMatchObject([
      {
        IpProtocol: 'udp',
        FromPort: 51820,
        ToPort: 51820,
        IpRanges: [{ CidrIp: '198.18.128.4/32', Description: 'a gateway' }, { CidrIp: '198.18.64.7/32' }],
      },
      { IpProtocol: 'tcp', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId }] },
    ]);
    const rules = async () =>
      (
        await ec2.send(
          new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
        )
      ).SecurityGroupRules ?? [];
    expect(await rules()).toHaveLength(4);
    await revoke(GroupId, { ...wireguard('198.18.64.7/32'), IpRanges: [{ CidrIp: '198.18.64.7/32' }] });
    const tcp = (await rules()).find((rule) => rule.IpProtocol === 'tcp');
    expect(tcp?.ReferencedGroupInfo?.GroupId).toBe(GroupId);
    await ec2.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId,
        SecurityGroupRuleIds: [tcp?.SecurityGroupRuleId ?? ''],
      }),
    );
    expect((await rules()).map((rule) => rule.CidrIpv4)).toEqual(['0.0.0.0/0', '198.18.128.4/32']);
  });

  test('go out too', async () => {
    const GroupId = await newGroup();
    const all = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [all] }));
    expect((await shown(GroupId))?.IpPermissionsEgress).toEqual([]);
    await ec2.send(
      new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [wireguard('198.18.1.1/32')] }),
    );
    expect((await shown(GroupId))?.IpPermissionsEgress).toMatchObject([{ IpProtocol: 'udp' }]);
  });

  test('are there once, and a batch with one that is there adds none', async () => {
    const GroupId = await newGroup();
    await authorize(GroupId, wireguard('198.18.128.4/32'));
    expect(await refusalOf(authorize(GroupId, wireguard('198.18.128.5/32', '198.18.128.4/32')))).toEqual(
      refused('InvalidPermission.Duplicate'),
    );
    expect(await refusalOf(revoke(GroupId, wireguard('198.18.128.4/32', '198.18.128.5/32')))).toEqual(
      refused('InvalidPermission.NotFound'),
    );
    expect((await shown(GroupId))?.IpPermissions?.[0]?.IpRanges).toMatchObject([
      { CidrIp: '198.18.128.4/32' },
    ]);
    expect(await refusalOf(authorize(GroupId, wireguard('198.18.9.9/32', '198.18.9.9/32')))).toEqual(
      refused('InvalidParameterValue'),
    );
  });

  test('are at most 60 in each direction', async () => {
    const GroupId = await newGroup();
    await authorize(GroupId, wireguard(...Array.from({ length: 60 }, (_, index) => `198.18.3.${index}/32`)));
    expect(await refusalOf(authorize(GroupId, wireguard('198.18.4.1/32')))).toEqual(
      refused('RulesPerSecurityGroupLimitExceeded'),
    );
  });

  test.each<[string, IpPermission, string]>([
    ['a range without its length', { ...wireguard('198.18.3.1') }, 'InvalidParameterValue'],
    ['ports the wrong way round', { ...wireguard('1.1.1.1/32'), ToPort: 1 }, 'InvalidParameterValue'],
    ['no ports', { IpProtocol: 'tcp', IpRanges: [{ CidrIp: '1.1.1.1/32' }] }, 'InvalidParameterValue'],
    [
      'an unknown protocol',
      { ...wireguard('1.1.1.1/32'), IpProtocol: 'quic' },
      'InvalidPermission.Malformed',
    ],
    ['no source', { IpProtocol: 'udp', FromPort: 1, ToPort: 1 }, 'InvalidPermission.Malformed'],
    [
      'an unknown group',
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-00000000000000000' }] },
      'InvalidGroup.NotFound',
    ],
    [
      'a description outside its alphabet',
      { ...wireguard(), IpRanges: [{ CidrIp: '1.1.1.1/32', Description: '“x”' }] },
      'InvalidParameterValue',
    ],
  ])('with %s are refused', async (_, permission, code) => {
    expect(await refusalOf(authorize(network.groupId, permission))).toEqual(refused(code));
  });
});
