/**
 * Every permission that the code of this folder uses, and no other, with what it is needed for. Route 53's stand beside
 * its code, in `packages/dns/route53/permissions.ts`.
 */
import type { Permission } from '../provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'ec2:DescribeVpcs': 'find the VPCs of clusters',
  'ec2:DescribeVpcAttribute': 'see whether a VPC has DNS',
  'ec2:CreateVpc': 'make a cluster’s VPC',
  'ec2:ModifyVpcAttribute': 'give a VPC DNS, which private zones need',
  'ec2:DeleteVpc': 'take a cluster’s VPC away',
  'ec2:DescribeSubnets': 'find the subnets of clusters',
  'ec2:CreateSubnet': 'make a cluster’s subnet',
  'ec2:DeleteSubnet': 'take a cluster’s subnet away',
  'ec2:DescribeInternetGateways': 'find the internet gateways of clusters',
  'ec2:CreateInternetGateway': 'make a VPC’s way to the internet',
  'ec2:AttachInternetGateway': 'join the internet gateway to its VPC',
  'ec2:DetachInternetGateway': 'take the internet gateway off its VPC',
  'ec2:DeleteInternetGateway': 'take the internet gateway away',
  'ec2:DescribeRouteTables': 'read the routes of a VPC',
  'ec2:CreateRoute': 'route a VPC’s traffic to the internet and to its peers',
  'ec2:DeleteRoute': 'take away the route to a VPC that is no peer any more',
  'ec2:ReplaceRoute': 'mend a route that leads elsewhere',
  'ec2:DescribeVpcPeeringConnections': 'find the peerings between clusters',
  'ec2:CreateVpcPeeringConnection': 'join the VPCs of two clusters',
  'ec2:AcceptVpcPeeringConnection': 'agree to a peering that Skein asked for on the other side',
  'ec2:DeleteVpcPeeringConnection': 'part the VPCs of two clusters',
  'ec2:DescribeSecurityGroups': 'read the rules that hold',
  'ec2:CreateSecurityGroup': 'make the security groups of gateways and members',
  'ec2:AuthorizeSecurityGroupIngress': 'let peers in',
  'ec2:RevokeSecurityGroupIngress': 'shut out what is no peer any more',
  'ec2:DeleteSecurityGroup': 'take security groups away',
  'ec2:DescribeAddresses': 'find reserved addresses, and count them',
  'ec2:AllocateAddress': 'reserve a gateway’s public address',
  'ec2:AssociateAddress': 'give a gateway its public address',
  'ec2:ReleaseAddress': 'give a public address back',
  'ec2:DescribeInstances': 'find nodes, and what holds a security group or a VPC',
  'ec2:DescribeNetworkInterfaces': 'name what else holds a security group or a VPC',
  'ec2:RunInstances': 'make nodes',
  'ec2:StartInstances': 'start a node that was stopped',
  'ec2:ModifyInstanceAttribute': 'let a gateway forward, and change a node’s security groups',
  'ec2:TerminateInstances': 'take nodes away',
  'ec2:CreateTags': 'mark as this organization’s what is being made, and nothing else',
  'ec2:DescribeRegions': 'see whether the account uses the region; Route 53 asks it for private zones',
  'ec2:DescribeInstanceTypes': 'see whether the region has the instance type, and its vCPUs',
  'ssm:GetParameter': 'know the newest Debian image, a public parameter of Debian’s',
  'cloudtrail:LookupEvents': 'say who changed what is not as it should be',
  'servicequotas:GetServiceQuota': 'say before anything is made whether there is room for it',
  'iam:SimulatePrincipalPolicy': 'say before anything is made which permission is missing',
};

/** Added where nodes are given an instance profile, and only there. */
export const nodeIdentityPermissions: readonly Permission[] = [
  { action: 'iam:PassRole', why: 'give nodes the role of the instance profile that their cluster names' },
];

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));

/** What is tagged while it is made needs the tagging's permission too. */
const TAGGED_WHEN_MADE = [
  'ec2:CreateVpc',
  'ec2:CreateSubnet',
  'ec2:CreateInternetGateway',
  'ec2:CreateSecurityGroup',
  'ec2:AllocateAddress',
  'ec2:RunInstances',
  'ec2:CreateVpcPeeringConnection',
];
export const CREATE_ACTIONS: readonly string[] = TAGGED_WHEN_MADE.map((action) =>
  action.slice('ec2:'.length),
);

/** Calls that AWS lets everybody make who has keys at all. `AssumeRole` is the trust policy's to allow. */
const FREE = ['sts:GetCallerIdentity', 'sts:AssumeRole'];

/** The permissions that one call needs. @param call service and action: `ec2:CreateVpc` */
export function permissionsOfCall(call: string): readonly string[] {
  if (FREE.includes(call)) return [];
  return TAGGED_WHEN_MADE.includes(call) ? [call, 'ec2:CreateTags'] : [call];
}
