/** What AWS's state comes down to. */
import {
  AuthorizeSecurityGroupIngressCommand,
  DeleteRouteCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type LabFixture, makeNetwork, openFixture, runOne } from './fixture.ts';

let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

test('a VPC is a realm, an instance a machine, and a rule from a group its members’ addresses', async () => {
  const ec2 = fixture.ec2();
  const network = await makeNetwork(ec2, '10.64.0.0/20', '10.64.1.0/24');
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: network.groupId,
      IpPermissions: [
        { IpProtocol: 'udp', FromPort: 51820, ToPort: 51820, IpRanges: [{ CidrIp: '198.18.128.4/32' }] },
        { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: network.groupId }] },
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '10.64.0.0/20' }] },
        // What has no place in the lab's packets lets nothing in.
        { IpProtocol: '50', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
      ],
    }),
  );
  const interfaces = (AssociatePublicIpAddress: boolean) => ({
    SubnetId: undefined,
    SecurityGroupIds: undefined,
    NetworkInterfaces: [
      { DeviceIndex: 0, SubnetId: network.subnetId, Groups: [network.groupId], AssociatePublicIpAddress },
    ],
  });
  const first = await runOne(ec2, network, interfaces(true));
  const second = await runOne(ec2, network, interfaces(false));
  await eventually(() => fixture.realiser.ground().machines.length).toBe(2);

  const { realms, machines } = fixture.realiser.ground();
  expect(realms).toEqual([
    {
      id: network.vpcId,
      cloud: 'aws',
      subnets: [{ id: network.subnetId, cidr: '10.64.1.0/24', router: '10.64.1.1' }],
      resolver: '10.64.0.2',
      internet: true,
    },
  ]);
  const everywhere = [{ protocol: 'all', fromPort: 0, toPort: 65535, cidrs: ['0.0.0.0/0'] }];
  expect(machines).toMatchObject([
    {
      id: first,
      hostname: 'ip-10-64-1-4',
      privateAddress: '10.64.1.4',
      publicAddress: '198.18.64.1',
      egress: everywhere,
      metadata: {
        '/latest/meta-data/instance-id': first,
        '/latest/meta-data/local-ipv4': '10.64.1.4',
        '/latest/meta-data/public-ipv4': '198.18.64.1',
        '/latest/meta-data/placement/region': 'us-east-1',
      },
    },
    { id: second, privateAddress: '10.64.1.5', publicAddress: null },
  ]);
  expect(machines[1]?.metadata).not.toHaveProperty('/latest/meta-data/public-ipv4');
  expect(machines[0]?.ingress).toEqual([
    { protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs: ['198.18.128.4/32'] },
    { protocol: 'all', fromPort: 0, toPort: 65535, cidrs: ['10.64.1.4/32', '10.64.1.5/32'] },
    { protocol: 'icmp', fromPort: 0, toPort: 65535, cidrs: ['10.64.0.0/20'] },
  ]);

  await ec2.send(
    new DeleteRouteCommand({ RouteTableId: network.tableId, DestinationCidrBlock: '0.0.0.0/0' }),
  );
  await eventually(() => fixture.realiser.ground().realms[0]?.internet).toBe(false);
  expect(fixture.realiser.ground().machines[0]?.publicAddress).toBeNull();
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [second] }));
  await eventually(() => fixture.realiser.ground().machines[0]?.ingress[1]?.cidrs).toEqual(['10.64.1.4/32']);
});
