/** VPCs. */
import { formatCidr, parseCidr } from '../cidr.ts';
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import { DONE, type Ec2Actions, type Ec2Call, findVpc, newId, reads, writes } from './call.ts';
import { chosen, selectRows } from './filter.ts';
import { peeringsOfVpc } from './peering-view.ts';
import { newGroup } from './security-group.ts';
import type { Vpc } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

export const vpcActions: Ec2Actions = {
  CreateVpc: writes((call) => {
    const { params, state } = call;
    const text = params.required('CidrBlock');
    const tags = tagSpecifications(params, ['vpc']).vpc;
    const tenancy = params.text('InstanceTenancy') ?? 'default';
    if (tenancy !== 'default')
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${tenancy}) for parameter instanceTenancy is invalid.`,
      );
    const cidr = parseCidr(text);
    if (!cidr)
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
      );
    if (cidr.length < 16 || cidr.length > 28)
      throw new AwsError('InvalidVpc.Range', `The CIDR '${text}' is invalid.`);
    if (call.full('vpcs', Object.keys(state.vpcs).length + 1))
      throw new AwsError('VpcLimitExceeded', 'The maximum number of VPCs has been reached.');
    const vpc: Vpc = {
      id: newId('vpc'),
      cidr: formatCidr(cidr),
      dnsSupport: true,
      dnsHostnames: false,
      tags,
    };
    state.vpcs[vpc.id] = vpc;
    const table = newId('rtb');
    state.routeTables[table] = {
      id: table,
      vpcId: vpc.id,
      associations: [{ id: newId('rtbassoc'), subnetId: null }],
      routes: [],
      clientToken: null,
      tags: {},
    };
    const group = newGroup(vpc.id, 'default', 'default VPC security group', {});
    group.rules.push({
      id: newId('sgr'),
      egress: false,
      protocol: '-1',
      fromPort: -1,
      toPort: -1,
      source: { groupId: group.id },
      description: null,
      tags: {},
    });
    state.groups[group.id] = group;
    return { vpc: { ...view(call, vpc), state: 'pending' } };
  }),

  DeleteVpc: writes(({ params, state, whole }) => {
    const vpc = findVpc(state, params.required('VpcId'));
    const inVpc = (each: { vpcId: string | null }) => each.vpcId === vpc.id;
    const tables = Object.values(state.routeTables).filter(inVpc);
    const groups = Object.values(state.groups).filter(inVpc);
    const used =
      Object.values(state.subnets).some(inVpc) ||
      Object.values(state.gateways).some(inVpc) ||
      tables.some((table) => table.associations.every((association) => association.subnetId !== null)) ||
      groups.some((group) => group.name !== 'default') ||
      peeringsOfVpc(whole, vpc.id).length > 0;
    if (used)
      throw new AwsError(
        'DependencyViolation',
        `The vpc '${vpc.id}' has dependencies and cannot be deleted.`,
      );
    for (const table of tables) delete state.routeTables[table.id];
    for (const group of groups) delete state.groups[group.id];
    delete state.vpcs[vpc.id];
    return DONE;
  }),

  DescribeVpcs: reads((call) => {
    const { params, state } = call;
    const rows = chosen(params.list('VpcId'), state.vpcs, (id) => findVpc(state, id));
    const { page, nextToken } = selectRows(params, rows, {
      'vpc-id': (vpc) => vpc.id,
      cidr: (vpc) => vpc.cidr,
      'cidr-block': (vpc) => vpc.cidr,
      'cidr-block-association.cidr-block': (vpc) => vpc.cidr,
      'is-default': () => false,
      isDefault: () => false,
      'owner-id': () => call.account.accountId,
      state: () => 'available',
    });
    return { vpcSet: { item: page.map((vpc) => view(call, vpc)) }, nextToken };
  }),

  ModifyVpcAttribute: writes(({ params, state }) => {
    const vpc = findVpc(state, params.required('VpcId'));
    const support = params.struct('EnableDnsSupport').bool('Value');
    const hostnames = params.struct('EnableDnsHostnames').bool('Value');
    if (support !== undefined && hostnames !== undefined)
      throw new AwsError('InvalidParameterCombination', 'Only one attribute can be modified at a time');
    if (support === undefined && hostnames === undefined)
      throw new AwsError('InvalidParameterCombination', 'No attributes specified.');
    if (support !== undefined) vpc.dnsSupport = support;
    if (hostnames !== undefined) vpc.dnsHostnames = hostnames;
    return DONE;
  }),

  DescribeVpcAttribute: reads(({ params, state }) => {
    const vpc = findVpc(state, params.required('VpcId'));
    const name = params.required('Attribute');
    const values: Record<string, boolean> = {
      enableDnsSupport: vpc.dnsSupport,
      enableDnsHostnames: vpc.dnsHostnames,
    };
    if (!Object.hasOwn(values, name))
      throw new AwsError(
        'InvalidParameterValue',
        `Value (${name}) for parameter attribute is invalid. Unknown attribute.`,
      );
    return { vpcId: vpc.id, [name]: { value: values[name] } };
  }),
};

function view(call: Ec2Call, vpc: Vpc): { [name: string]: Xml } {
  return {
    vpcId: vpc.id,
    ownerId: call.account.accountId,
    state: 'available',
    cidrBlock: vpc.cidr,
    cidrBlockAssociationSet: {
      item: [
        {
          associationId: vpc.id.replace('vpc-', 'vpc-cidr-assoc-'),
          cidrBlock: vpc.cidr,
          cidrBlockState: { state: 'associated' },
        },
      ],
    },
    dhcpOptionsId: 'dopt-0a1b2c3d4e5f60718',
    instanceTenancy: 'default',
    isDefault: false,
    tagSet: tagSet(vpc.tags),
  };
}
