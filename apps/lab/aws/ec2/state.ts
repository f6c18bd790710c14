/** EC2 as the lab keeps it: one state a region of an account. All of it survives JSON; ids are the keys. */

export type Tags = Record<string, string>;

export interface Vpc {
  id: string;
  cidr: string;
  dnsSupport: boolean;
  dnsHostnames: boolean;
  tags: Tags;
}

export interface Subnet {
  id: string;
  vpcId: string;
  cidr: string;
  zone: string;
  mapPublicIp: boolean;
  tags: Tags;
}

export interface InternetGateway {
  id: string;
  vpcId: string | null;
  tags: Tags;
}

export interface RouteTable {
  id: string;
  vpcId: string;
  /** The VPC's main table holds one association without a subnet. */
  associations: { id: string; subnetId: string | null }[];
  /** Besides the VPC's own range, which every table has. */
  routes: Route[];
  clientToken: string | null;
  tags: Tags;
}

export type Route = { cidr: string } & ({ gatewayId: string } | { peeringId: string });

export interface PeeringSide {
  accountId: string;
  region: string;
  vpcId: string;
  /** Empty where there is no such VPC. */
  cidr: string;
}

export interface VpcPeering {
  id: string;
  requester: PeeringSide;
  accepter: PeeringSide;
  status: 'pending-acceptance' | 'active' | 'deleted' | 'rejected' | 'failed';
  changedAt: string;
  /** By `<account>/<region>`: each side has its own. */
  tags: Record<string, Tags>;
}

export type RuleSource = { cidr: string } | { cidrIpv6: string } | { groupId: string };

export interface Rule {
  id: string;
  egress: boolean;
  /** `tcp`, `udp`, `icmp`, `-1` for all, or a protocol's number. */
  protocol: string;
  /** -1 where the protocol has no ports; ICMP keeps type and code here. */
  fromPort: number;
  toPort: number;
  source: RuleSource;
  description: string | null;
  tags: Tags;
}

export interface SecurityGroup {
  id: string;
  vpcId: string;
  name: string;
  description: string;
  rules: Rule[];
  tags: Tags;
}

/** An Elastic IP address. */
export interface Address {
  id: string;
  publicIp: string;
  association: { id: string; instanceId: string } | null;
  tags: Tags;
}

export interface Instance {
  id: string;
  reservationId: string;
  launchIndex: number;
  imageId: string;
  instanceType: string;
  /** Name or ARN of what it is in IAM. */
  instanceProfile?: string | null;
  subnetId: string;
  vpcId: string;
  groupIds: string[];
  privateIp: string;
  macAddress: string;
  /** Whether it has a passing public address while no Elastic IP address is associated. */
  autoPublic: boolean;
  publicIp: string | null;
  sourceDestCheck: boolean;
  /** Decoded. */
  userData: string | null;
  clientToken: string | null;
  /** The request that made it, to tell a repeated client token from a misused one. */
  fingerprint: string;
  launchedAt: string;
  stoppedAt: string | null;
  terminatedAt: string | null;
  terminationProtected: boolean;
  httpTokens: 'optional' | 'required';
  networkInterface: { id: string; attachmentId: string; description: string; tags: Tags };
  volume: { id: string; tags: Tags };
  tags: Tags;
}

export interface RegionState {
  vpcs: Record<string, Vpc>;
  subnets: Record<string, Subnet>;
  gateways: Record<string, InternetGateway>;
  routeTables: Record<string, RouteTable>;
  groups: Record<string, SecurityGroup>;
  addresses: Record<string, Address>;
  instances: Record<string, Instance>;
}

export interface Ec2State {
  /** By `<account>/<region>`. */
  regions: Record<string, RegionState>;
  /** Of all accounts and regions: each has two sides. */
  peerings: Record<string, VpcPeering>;
  /** How many public addresses were ever given out: a freed one is not used again at once. */
  publicCursor: number;
}

export const emptyEc2 = (): Ec2State => ({ regions: {}, peerings: {}, publicCursor: 0 });

export const emptyRegion = (): RegionState => ({
  vpcs: {},
  subnets: {},
  gateways: {},
  routeTables: {},
  groups: {},
  addresses: {},
  instances: {},
});
