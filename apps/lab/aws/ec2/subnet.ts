/** Subnets, and the addresses in them. */
import { contains, formatAddress, formatCidr, knownCidr, overlaps, parseCidr, sizeOf } from '../cidr.ts';
import { REGIONS } from '../region.ts';
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { DONE, type Ec2Actions, type Ec2Call, findSubnet, findVpc, newId, reads, writes } from './call.ts';
import { chosen, selectRows } from './filter.ts';
import { holdsInterface } from './instance-state.ts';
import type { RegionState, Subnet } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

/** AWS keeps the first four addresses of a subnet and its last: network, router, resolver, future, broadcast. */
const KEPT_FIRST = 4;
const KEPT = KEPT_FIRST + 1;

export const subnetActions: Ec2Actions = {
  CreateSubnet: writes((call) => {
    const { params, state, region } = call;
    const vpc = findVpc(state, params.required('VpcId'));
    const text = params.required('CidrBlock');
    const tags = tagSpecifications(params, ['subnet']).subnet;
    const cidr = parseCidr(text);
    if (!cidr)
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
      );
    if (cidr.length < 16 || cidr.length > 28 || !contains(knownCidr(vpc.cidr), cidr))
      throw new AwsError('InvalidSubnet.Range', `The CIDR '${text}' is invalid.`);
    const siblings = Object.values(state.subnets).filter((subnet) => subnet.vpcId === vpc.id);
    if (siblings.some((subnet) => overlaps(knownCidr(subnet.cidr), cidr)))
      throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${text}' conflicts with another subnet`);
    if (call.full('subnets', siblings.length + 1))
      throw new AwsError('SubnetLimitExceeded', 'The maximum number of subnets has been reached.');
    const subnet: Subnet = {
      id: newId('subnet'),
      vpcId: vpc.id,
      cidr: formatCidr(cidr),
      zone: zoneOf(region, params.text('AvailabilityZone'), params.text('AvailabilityZoneId')),
      mapPublicIp: false,
      tags,
    };
    state.subnets[subnet.id] = subnet;
    return { subnet: view(call, subnet) };
  }),

  DeleteSubnet: writes((call) => {
    const { params, state } = call;
    const subnet = findSubnet(state, params.required('SubnetId'));
    if (
      Object.values(state.instances).some((each) => each.subnetId === subnet.id && holdsInterface(call, each))
    )
      throw new AwsError(
        'DependencyViolation',
        `The subnet '${subnet.id}' has dependencies and cannot be deleted.`,
      );
    for (const table of Object.values(state.routeTables))
      table.associations = table.associations.filter((association) => association.subnetId !== subnet.id);
    delete state.subnets[subnet.id];
    return DONE;
  }),

  DescribeSubnets: reads((call) => {
    const { params, state } = call;
    const rows = chosen(params.list('SubnetId'), state.subnets, (id) => findSubnet(state, id));
    const { page, nextToken } = selectRows(params, rows, {
      'subnet-id': (subnet) => subnet.id,
      'vpc-id': (subnet) => subnet.vpcId,
      cidr: (subnet) => subnet.cidr,
      cidrBlock: (subnet) => subnet.cidr,
      'cidr-block': (subnet) => subnet.cidr,
      'availability-zone': (subnet) => subnet.zone,
      availabilityZone: (subnet) => subnet.zone,
      'default-for-az': () => false,
      'map-public-ip-on-launch': (subnet) => subnet.mapPublicIp,
      'owner-id': () => call.account.accountId,
      state: () => 'available',
    });
    return { subnetSet: { item: page.map((subnet) => view(call, subnet)) }, nextToken };
  }),

  ModifySubnetAttribute: writes(({ params, state }) => {
    const subnet = findSubnet(state, params.required('SubnetId'));
    const map = params.struct('MapPublicIpOnLaunch').bool('Value');
    if (map === undefined) throw new AwsError('InvalidParameterCombination', 'No attributes specified.');
    subnet.mapPublicIp = map;
    return DONE;
  }),
};

function zoneOf(region: string, name: string | undefined, id: string | undefined): string {
  const zones = REGIONS[region]?.zones ?? [];
  const zone = zones.find((each) => (name ? each.name === name : id ? each.id === id : true));
  if (!zone)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${name ?? id}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.map((each) => each.name).join(', ')}.`,
    );
  return zone.name;
}

/** Addresses of the subnet that an instance has, terminated ones that are still shown included. */
const usedIn = (state: RegionState, subnetId: string) =>
  new Set(
    Object.values(state.instances)
      .filter((instance) => instance.subnetId === subnetId)
      .map((instance) => instance.privateIp),
  );

/** A free private address of the subnet. One of a terminated instance is not used again while that is shown. */
export function freePrivateIp(state: RegionState, subnet: Subnet): string {
  const used = usedIn(state, subnet.id);
  const { base, length } = knownCidr(subnet.cidr);
  for (let address = base + KEPT_FIRST; address < base + 2 ** (32 - length) - 1; address++)
    if (!used.has(formatAddress(address))) return formatAddress(address);
  throw new AwsError(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
  );
}

function view(call: Ec2Call, subnet: Subnet): { [name: string]: Xml } {
  const live = Object.values(call.state.instances).filter(
    (instance) => instance.subnetId === subnet.id && holdsInterface(call, instance),
  );
  return {
    subnetId: subnet.id,
    subnetArn: `arn:aws:ec2:${call.region}:${call.account.accountId}:subnet/${subnet.id}`,
    ownerId: call.account.accountId,
    state: 'available',
    vpcId: subnet.vpcId,
    cidrBlock: subnet.cidr,
    availableIpAddressCount: sizeOf(knownCidr(subnet.cidr)) - KEPT - live.length,
    availabilityZone: subnet.zone,
    availabilityZoneId: REGIONS[call.region]?.zones.find((zone) => zone.name === subnet.zone)?.id,
    defaultForAz: false,
    mapPublicIpOnLaunch: subnet.mapPublicIp,
    assignIpv6AddressOnCreation: false,
    ipv6Native: false,
    tagSet: tagSet(subnet.tags),
  };
}
