/**
 * Each EC2 action as a dry run: AWS judges the permission and does nothing. What the requests name does not exist.
 * Importing this file loads the EC2 SDK.
 */
import {
  AcceptVpcPeeringConnectionCommand,
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRegionsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  type EC2Client,
  ModifyInstanceAttributeCommand,
  ReleaseAddressCommand,
  ReplaceRouteCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';

const DryRun = true;
const none = (kind: string) => `${kind}-00000000000000000`;
const VpcId = none('vpc');
const SubnetId = none('subnet');
const GroupId = none('sg');
const AllocationId = none('eipalloc');
const InstanceId = none('i');
const InternetGatewayId = none('igw');
const RouteTableId = none('rtb');
const VpcPeeringConnectionId = none('pcx');
const route = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId };
const IpPermissions = [
  { IpProtocol: 'udp', FromPort: 51820, ToPort: 51820, IpRanges: [{ CidrIp: '192.0.2.1/32' }] },
];

type DryRun = (ec2: EC2Client, options: { abortSignal: AbortSignal }) => Promise<unknown>;

/** By IAM action. `ModifyVpcAttribute` has no dry run. */
export const DRY_RUNS: Readonly<Record<string, DryRun>> = {
  'ec2:AcceptVpcPeeringConnection': (ec2, o) =>
    ec2.send(new AcceptVpcPeeringConnectionCommand({ DryRun, VpcPeeringConnectionId }), o),
  'ec2:AllocateAddress': (ec2, o) => ec2.send(new AllocateAddressCommand({ DryRun, Domain: 'vpc' }), o),
  'ec2:AssociateAddress': (ec2, o) =>
    ec2.send(new AssociateAddressCommand({ DryRun, AllocationId, InstanceId }), o),
  'ec2:AttachInternetGateway': (ec2, o) =>
    ec2.send(new AttachInternetGatewayCommand({ DryRun, InternetGatewayId, VpcId }), o),
  'ec2:AuthorizeSecurityGroupIngress': (ec2, o) =>
    ec2.send(new AuthorizeSecurityGroupIngressCommand({ DryRun, GroupId, IpPermissions }), o),
  'ec2:CreateInternetGateway': (ec2, o) => ec2.send(new CreateInternetGatewayCommand({ DryRun }), o),
  'ec2:CreateRoute': (ec2, o) => ec2.send(new CreateRouteCommand({ DryRun, ...route }), o),
  'ec2:CreateSecurityGroup': (ec2, o) =>
    ec2.send(
      new CreateSecurityGroupCommand({
        DryRun,
        VpcId,
        GroupName: 'skein-preflight',
        Description: 'preflight',
      }),
      o,
    ),
  'ec2:CreateSubnet': (ec2, o) =>
    ec2.send(new CreateSubnetCommand({ DryRun, VpcId, CidrBlock: '10.64.0.0/20' }), o),
  'ec2:CreateTags': (ec2, o) =>
    ec2.send(
      new CreateTagsCommand({ DryRun, Resources: [VpcId], Tags: [{ Key: 'skein-key', Value: 'preflight' }] }),
      o,
    ),
  'ec2:CreateVpc': (ec2, o) => ec2.send(new CreateVpcCommand({ DryRun, CidrBlock: '10.64.0.0/20' }), o),
  'ec2:CreateVpcPeeringConnection': (ec2, o) =>
    ec2.send(new CreateVpcPeeringConnectionCommand({ DryRun, VpcId, PeerVpcId: VpcId }), o),
  'ec2:DeleteInternetGateway': (ec2, o) =>
    ec2.send(new DeleteInternetGatewayCommand({ DryRun, InternetGatewayId }), o),
  'ec2:DeleteRoute': (ec2, o) =>
    ec2.send(
      new DeleteRouteCommand({ DryRun, RouteTableId, DestinationCidrBlock: route.DestinationCidrBlock }),
      o,
    ),
  'ec2:DeleteSecurityGroup': (ec2, o) => ec2.send(new DeleteSecurityGroupCommand({ DryRun, GroupId }), o),
  'ec2:DeleteSubnet': (ec2, o) => ec2.send(new DeleteSubnetCommand({ DryRun, SubnetId }), o),
  'ec2:DeleteVpc': (ec2, o) => ec2.send(new DeleteVpcCommand({ DryRun, VpcId }), o),
  'ec2:DeleteVpcPeeringConnection': (ec2, o) =>
    ec2.send(new DeleteVpcPeeringConnectionCommand({ DryRun, VpcPeeringConnectionId }), o),
  'ec2:DescribeAddresses': (ec2, o) => ec2.send(new DescribeAddressesCommand({ DryRun }), o),
  'ec2:DescribeInstances': (ec2, o) => ec2.send(new DescribeInstancesCommand({ DryRun }), o),
  'ec2:DescribeInstanceTypes': (ec2, o) => ec2.send(new DescribeInstanceTypesCommand({ DryRun }), o),
  'ec2:DescribeInternetGateways': (ec2, o) => ec2.send(new DescribeInternetGatewaysCommand({ DryRun }), o),
  'ec2:DescribeNetworkInterfaces': (ec2, o) => ec2.send(new DescribeNetworkInterfacesCommand({ DryRun }), o),
  'ec2:DescribeRegions': (ec2, o) => ec2.send(new DescribeRegionsCommand({ DryRun }), o),
  'ec2:DescribeRouteTables': (ec2, o) => ec2.send(new DescribeRouteTablesCommand({ DryRun }), o),
  'ec2:DescribeSecurityGroups': (ec2, o) => ec2.send(new DescribeSecurityGroupsCommand({ DryRun }), o),
  'ec2:DescribeSubnets': (ec2, o) => ec2.send(new DescribeSubnetsCommand({ DryRun }), o),
  'ec2:DescribeVpcAttribute': (ec2, o) =>
    ec2.send(new DescribeVpcAttributeCommand({ DryRun, VpcId, Attribute: 'enableDnsSupport' }), o),
  'ec2:DescribeVpcPeeringConnections': (ec2, o) =>
    ec2.send(new DescribeVpcPeeringConnectionsCommand({ DryRun }), o),
  'ec2:DescribeVpcs': (ec2, o) => ec2.send(new DescribeVpcsCommand({ DryRun }), o),
  'ec2:DetachInternetGateway': (ec2, o) =>
    ec2.send(new DetachInternetGatewayCommand({ DryRun, InternetGatewayId, VpcId }), o),
  'ec2:ModifyInstanceAttribute': (ec2, o) =>
    ec2.send(
      new ModifyInstanceAttributeCommand({ DryRun, InstanceId, SourceDestCheck: { Value: false } }),
      o,
    ),
  'ec2:ReleaseAddress': (ec2, o) => ec2.send(new ReleaseAddressCommand({ DryRun, AllocationId }), o),
  'ec2:ReplaceRoute': (ec2, o) => ec2.send(new ReplaceRouteCommand({ DryRun, ...route }), o),
  'ec2:RevokeSecurityGroupIngress': (ec2, o) =>
    ec2.send(new RevokeSecurityGroupIngressCommand({ DryRun, GroupId, IpPermissions }), o),
  'ec2:RunInstances': (ec2, o) =>
    ec2.send(
      new RunInstancesCommand({
        DryRun,
        MinCount: 1,
        MaxCount: 1,
        ImageId: none('ami'),
        InstanceType: 't3.micro',
        SubnetId,
        SecurityGroupIds: [GroupId],
      }),
      o,
    ),
  'ec2:StartInstances': (ec2, o) =>
    ec2.send(new StartInstancesCommand({ DryRun, InstanceIds: [InstanceId] }), o),
  'ec2:TerminateInstances': (ec2, o) =>
    ec2.send(new TerminateInstancesCommand({ DryRun, InstanceIds: [InstanceId] }), o),
};
