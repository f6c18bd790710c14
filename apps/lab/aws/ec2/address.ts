/** Elastic IP addresses, and the lab's public addresses altogether. */
import { randomBytes } from 'node:crypto';
import { INTERNET } from '../../ground/ground.ts';
import { formatAddress, knownCidr, sizeOf } from '../cidr.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import {
  DONE,
  type Ec2Actions,
  type Ec2Call,
  findAddress,
  findInstance,
  newId,
  reads,
  writes,
} from './call.ts';
import { selectRows } from './filter.ts';
import { holdsInterface, stateOf } from './instance-state.ts';
import type { Address, Ec2State, Instance, RegionState } from './state.ts';
import { tagSet, tagSpecifications } from './tag.ts';

/** A public address nobody has, of all accounts and regions. Not one freed lately: the cursor goes round. */
export function freePublicIp(whole: Ec2State): string {
  const used = new Set<string | null>();
  for (const state of Object.values(whole.regions)) {
    for (const address of Object.values(state.addresses)) used.add(address.publicIp);
    for (const instance of Object.values(state.instances)) used.add(instance.publicIp);
  }
  const pool = knownCidr(INTERNET.aws);
  for (let tries = 0; tries < sizeOf(pool); tries++) {
    whole.publicCursor = (whole.publicCursor % (sizeOf(pool) - 2)) + 1;
    const address = formatAddress(pool.base + whole.publicCursor);
    if (!used.has(address)) return address;
  }
  throw new AwsError('InsufficientAddressCapacity', 'Insufficient address capacity.', 500);
}

/** Ends the address's association. The instance gets a new passing address if it had one before. */
export function disassociate(whole: Ec2State, state: RegionState, address: Address): void {
  const instance = address.association && state.instances[address.association.instanceId];
  address.association = null;
  if (instance?.autoPublic && !instance.terminatedAt) instance.publicIp = freePublicIp(whole);
}

export const addressActions: Ec2Actions = {
  AllocateAddress: writes(({ params, state, whole, region, full }) => {
    const tags = tagSpecifications(params, ['elastic-ip'])['elastic-ip'];
    const domain = params.text('Domain') ?? 'vpc';
    const group = params.text('NetworkBorderGroup') ?? region;
    if (domain !== 'vpc')
      throw new AwsError('InvalidParameterValue', `Invalid value '${domain}' for domain.`);
    if (group !== region)
      throw new AwsError('InvalidParameterValue', `Invalid value '${group}' for network border group.`);
    if (full('elastic-ips', Object.keys(state.addresses).length + 1))
      throw new AwsError('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
    const address: Address = {
      id: newId('eipalloc'),
      publicIp: freePublicIp(whole),
      association: null,
      tags,
    };
    state.addresses[address.id] = address;
    return {
      publicIp: address.publicIp,
      domain: 'vpc',
      allocationId: address.id,
      publicIpv4Pool: 'amazon',
      networkBorderGroup: region,
    };
  }),

  ReleaseAddress: writes(({ params, state, region }) => {
    const address = findAddress(state, params.required('AllocationId'));
    const group = params.text('NetworkBorderGroup') ?? region;
    if (group !== region)
      throw new AwsError('InvalidParameterValue', `Invalid value '${group}' for network border group.`);
    if (address.association)
      throw new AwsError(
        'InvalidIPAddress.InUse',
        `The address with allocation id ${address.id} is in use and cannot be released.`,
      );
    delete state.addresses[address.id];
    return DONE;
  }),

  AssociateAddress: writes((call) => {
    const { params, state, whole } = call;
    const address = findAddress(state, params.required('AllocationId'));
    const instance = targetOf(call);
    const allowed = params.bool('AllowReassociation') ?? true;
    if (!Object.values(state.gateways).some((gateway) => gateway.vpcId === instance.vpcId))
      throw new AwsError(
        'Gateway.NotAttached',
        `Network ${instance.vpcId} is not attached to any internet gateway`,
      );
    if (address.association?.instanceId === instance.id)
      return { return: true, associationId: address.association.id };
    const others = Object.values(state.addresses).filter(
      (each) => each.association?.instanceId === instance.id,
    );
    if ((address.association || others.length > 0) && !allowed)
      throw new AwsError(
        'Resource.AlreadyAssociated',
        `resource ${address.id} is already associated with associate-id ${address.association?.id ?? others[0]?.association?.id}`,
      );
    if (address.association) disassociate(whole, state, address);
    for (const other of others) other.association = null;
    instance.publicIp = null;
    address.association = { id: `eipassoc-0${randomBytes(8).toString('hex')}`, instanceId: instance.id };
    return { return: true, associationId: address.association.id };
  }),

  DisassociateAddress: writes(({ params, state, whole }) => {
    const id = params.required('AssociationId');
    const address = Object.values(state.addresses).find((each) => each.association?.id === id);
    if (!address)
      throw new AwsError('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
    disassociate(whole, state, address);
    return DONE;
  }),

  DescribeAddresses: reads((call) => {
    const { params, state, account } = call;
    const all = Object.values(state.addresses);
    const ips = params.list('PublicIp');
    for (const ip of ips)
      if (!all.some((each) => each.publicIp === ip))
        throw new AwsError('InvalidAddress.NotFound', `Address '${ip}' not found.`);
    const ids = params.list('AllocationId');
    for (const id of ids) findAddress(state, id);
    const rows = all.filter(
      (each) =>
        (ids.length === 0 || ids.includes(each.id)) && (ips.length === 0 || ips.includes(each.publicIp)),
    );
    const { page } = selectRows(params, rows, {
      'allocation-id': (each) => each.id,
      'association-id': (each) => each.association?.id,
      'instance-id': (each) => each.association?.instanceId,
      'public-ip': (each) => each.publicIp,
      domain: () => 'vpc',
      'network-interface-id': (each) => instanceOf(state, each)?.networkInterface.id,
      'private-ip-address': (each) => instanceOf(state, each)?.privateIp,
    });
    return { addressesSet: { item: page.map((each) => view(call.region, account.accountId, state, each)) } };
  }),
};

const instanceOf = (state: RegionState, address: Address): Instance | undefined =>
  address.association ? state.instances[address.association.instanceId] : undefined;

/** The instance by its id or its interface's. It must be past `pending`: a new one cannot be given an address yet. */
function targetOf(call: Ec2Call): Instance {
  const { state } = call;
  const { instanceId, interfaceId } = readTarget(call.params);
  const instance = interfaceId
    ? Object.values(state.instances).find(
        (each) => each.networkInterface.id === interfaceId && holdsInterface(call, each),
      )
    : findInstance(state, instanceId ?? '');
  if (!instance)
    throw new AwsError(
      'InvalidNetworkInterfaceID.NotFound',
      `The networkInterface ID '${interfaceId}' does not exist`,
    );
  const { name } = stateOf(call, instance);
  if (name !== 'running')
    throw new AwsError(
      'InvalidInstanceID',
      `The ${name} instance '${instance.id}' is not in a valid state for this operation.`,
    );
  return instance;
}

function readTarget(params: Params): { instanceId: string | undefined; interfaceId: string | undefined } {
  const instanceId = params.text('InstanceId');
  const interfaceId = params.text('NetworkInterfaceId');
  if (!instanceId && !interfaceId)
    throw new AwsError(
      'MissingParameter',
      'Either the instance ID or the network interface ID must be specified',
    );
  if (instanceId && interfaceId)
    throw new AwsError(
      'InvalidParameterCombination',
      'You may specify either instance ID or network interface ID, but not both',
    );
  return { instanceId, interfaceId };
}

function view(region: string, accountId: string, state: RegionState, address: Address): Xml {
  const instance = instanceOf(state, address);
  return {
    publicIp: address.publicIp,
    allocationId: address.id,
    domain: 'vpc',
    publicIpv4Pool: 'amazon',
    networkBorderGroup: region,
    associationId: address.association?.id,
    instanceId: instance?.id,
    networkInterfaceId: instance?.networkInterface.id,
    networkInterfaceOwnerId: instance && accountId,
    privateIpAddress: instance?.privateIp,
    tagSet: tagSet(address.tags),
  };
}
