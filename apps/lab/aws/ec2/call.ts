/** One EC2 call, and how a family of calls is written down. */
import { randomBytes } from 'node:crypto';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Lab } from '../../store/lab.ts';
import type { QuotaName } from '../quota.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import type { Ec2State, RegionState } from './state.ts';

export interface Ec2Call {
  params: Params;
  /** This account's state in this region; a writing action may change it. */
  state: RegionState;
  whole: Ec2State;
  region: string;
  account: AwsAccount;
  now: Date;
  machine: Lab['machine'];
  /** Whether so many (what the call adds among them) are more than a quota allows. */
  full(quota: QuotaName, used: number): boolean;
  limitOf(quota: QuotaName): number;
}

export interface Ec2Action {
  writes: boolean;
  run(call: Ec2Call): { [name: string]: Xml };
}
export type Ec2Actions = Readonly<Record<string, Ec2Action>>;

export const reads = (run: Ec2Action['run']): Ec2Action => ({ writes: false, run });
export const writes = (run: Ec2Action['run']): Ec2Action => ({ writes: true, run });

/** `vpc-0f3…`: the prefix and 17 hexadecimal digits, the first a zero as AWS's are. */
export const newId = (prefix: string) => `${prefix}-0${randomBytes(8).toString('hex')}`;

/** The object of that id, or the error AWS has for it: `Malformed` when it cannot be such an id, else `NotFound`. */
export function find<T>(
  kind: { records: Readonly<Record<string, T>>; prefix: string; error: string; noun: string },
  id: string,
): T {
  if (!new RegExp(`^${kind.prefix}-[0-9a-f]{8,17}$`).test(id))
    throw new AwsError(
      kind.prefix === 'sg' ? 'InvalidGroupId.Malformed' : `${kind.error}.Malformed`,
      `Invalid id: "${id}" (expecting "${kind.prefix}-...")`,
    );
  const found = Object.hasOwn(kind.records, id) ? kind.records[id] : undefined;
  if (found === undefined)
    throw new AwsError(`${kind.error}.NotFound`, `The ${kind.noun} '${id}' does not exist`);
  return found;
}

export const findVpc = (state: RegionState, id: string) =>
  find({ records: state.vpcs, prefix: 'vpc', error: 'InvalidVpcID', noun: 'vpc ID' }, id);
export const findSubnet = (state: RegionState, id: string) =>
  find({ records: state.subnets, prefix: 'subnet', error: 'InvalidSubnetID', noun: 'subnet ID' }, id);
export const findGateway = (state: RegionState, id: string) =>
  find(
    { records: state.gateways, prefix: 'igw', error: 'InvalidInternetGatewayID', noun: 'internetGateway ID' },
    id,
  );
export const findRouteTable = (state: RegionState, id: string) =>
  find(
    { records: state.routeTables, prefix: 'rtb', error: 'InvalidRouteTableID', noun: 'routeTable ID' },
    id,
  );
export const findGroup = (state: RegionState, id: string) =>
  find({ records: state.groups, prefix: 'sg', error: 'InvalidGroup', noun: 'security group' }, id);
export const findAddress = (state: RegionState, id: string) =>
  find(
    { records: state.addresses, prefix: 'eipalloc', error: 'InvalidAllocationID', noun: 'allocation ID' },
    id,
  );
export const findInstance = (state: RegionState, id: string) =>
  find({ records: state.instances, prefix: 'i', error: 'InvalidInstanceID', noun: 'instance ID' }, id);

export const DONE: { [name: string]: Xml } = { return: true };
