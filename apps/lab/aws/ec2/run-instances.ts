/** RunInstances: instances, each with one network interface in a subnet. */
import { createHash, randomBytes } from 'node:crypto';
import { contains, formatAddress, knownCidr, parseAddress } from '../cidr.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import { freePublicIp } from './address.ts';
import { type Ec2Call, findGroup, findSubnet, newId } from './call.ts';
import { INSTANCE_TYPES, imagesOf } from './catalog.ts';
import { stateOf } from './instance-state.ts';
import type { Instance, RegionState, Subnet } from './state.ts';
import { freePrivateIp } from './subnet.ts';
import { tagSpecifications } from './tag.ts';

/** On one network interface. */
const MOST_GROUPS = 5;
const USER_DATA_BYTES = 16384;

/** Makes the instances the call asks for; the same client token again answers the ones made first. */
export function runInstances(call: Ec2Call): Instance[] {
  const { params, state } = call;
  const clientToken = params.text('ClientToken') ?? null;
  if (clientToken && clientToken.length > 64)
    throw new AwsError('InvalidParameterValue', 'Client token must be no longer than 64 ASCII characters');
  const fingerprint = createHash('sha256')
    .update(params.fingerprint(['ClientToken']))
    .digest('hex');
  const made = clientToken
    ? Object.values(state.instances).filter((each) => each.clientToken === clientToken)
    : [];
  if (made.some((each) => each.fingerprint !== fingerprint))
    throw new AwsError(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );

  const count = readCount(params);
  const image = readImage(params, call.region);
  const shape = readShape(params, image.architecture);
  const place = readPlace(call);
  const userData = readUserData(params.text('UserData'));
  const tags = tagSpecifications(params, ['instance', 'network-interface', 'volume']);
  if (made.length > 0) return made;

  const alive = Object.values(state.instances).filter((each) => stateOf(call, each).name !== 'terminated');
  if (call.full('instances', alive.length + count))
    throw new AwsError(
      'InstanceLimitExceeded',
      `You have requested more instances (${alive.length + count}) than your current instance limit allows for the specified instance type.`,
    );
  const vcpus = (type: string) => INSTANCE_TYPES[type]?.vcpus ?? 0;
  const used = alive
    .filter((each) => !each.stoppedAt)
    .reduce((sum, each) => sum + vcpus(each.instanceType), 0);
  if (call.full('vcpus', used + count * vcpus(shape.instanceType)))
    throw new AwsError(
      'VcpuLimitExceeded',
      'You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
    );
  const reservationId = newId('r');
  return Array.from({ length: count }, (_, launchIndex) => {
    const instance: Instance = {
      id: newId('i'),
      reservationId,
      launchIndex,
      imageId: image.id,
      ...shape,
      subnetId: place.subnet.id,
      vpcId: place.subnet.vpcId,
      groupIds: place.groupIds,
      privateIp: place.privateIp ?? freePrivateIp(state, place.subnet),
      macAddress: `02:${(randomBytes(5).toString('hex').match(/../g) ?? []).join(':')}`,
      autoPublic: place.autoPublic,
      publicIp: place.autoPublic ? freePublicIp(call.whole) : null,
      sourceDestCheck: true,
      userData,
      clientToken,
      fingerprint,
      launchedAt: call.now.toISOString(),
      stoppedAt: null,
      terminatedAt: null,
      networkInterface: {
        id: newId('eni'),
        attachmentId: newId('eni-attach'),
        description: place.description,
        tags: { ...tags['network-interface'] },
      },
      volume: { id: newId('vol'), tags: { ...tags.volume } },
      tags: { ...tags.instance },
    };
    state.instances[instance.id] = instance;
    return instance;
  });
}

function readCount(params: Params): number {
  params.required('MinCount');
  params.required('MaxCount');
  const least = params.integer('MinCount') ?? 0;
  const most = params.integer('MaxCount') ?? 0;
  if (least < 1 || most < least)
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${most}) for parameter maxCount is invalid. MaxCount must not be smaller than MinCount, and MinCount at least 1.`,
    );
  return most;
}

function readImage(params: Params, region: string) {
  const id = params.required('ImageId');
  if (!/^ami-[0-9a-f]{8,17}$/.test(id))
    throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
  const image = imagesOf(region).find((each) => each.id === id);
  if (!image) throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  return image;
}

/** What the instance is, beside its network. Parameters that mean nothing in a namespace are read and let pass. */
function readShape(params: Params, architecture: string) {
  const instanceType = params.text('InstanceType') ?? 't3.micro';
  const type = Object.hasOwn(INSTANCE_TYPES, instanceType) ? INSTANCE_TYPES[instanceType] : undefined;
  if (!type) throw new AwsError('InvalidParameterValue', `Invalid value '${instanceType}' for InstanceType.`);
  if (type.architecture !== architecture)
    throw new AwsError(
      'InvalidParameterValue',
      `The architecture '${type.architecture}' of the specified instance type does not match the architecture '${architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  const key = params.text('KeyName');
  if (key) throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${key}' does not exist`);
  for (const device of params.structs('BlockDeviceMapping')) {
    device.required('DeviceName');
    const disk = device.struct('Ebs');
    for (const name of ['VolumeSize', 'VolumeType', 'DeleteOnTermination', 'Encrypted', 'Iops', 'Throughput'])
      disk.text(name);
  }
  const instanceProfile = readProfile(params);
  params.struct('Monitoring').bool('Enabled');
  params.struct('CreditSpecification').text('CpuCredits');
  params.bool('EbsOptimized');
  const atShutdown = params.text('InstanceInitiatedShutdownBehavior') ?? 'stop';
  if (atShutdown !== 'stop' && atShutdown !== 'terminate')
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${atShutdown}) for parameter instanceInitiatedShutdownBehavior is invalid.`,
    );
  const metadata = params.struct('MetadataOptions');
  const httpTokens = metadata.text('HttpTokens') ?? 'required';
  for (const name of ['HttpEndpoint', 'HttpPutResponseHopLimit', 'InstanceMetadataTags', 'HttpProtocolIpv6'])
    metadata.text(name);
  if (httpTokens !== 'optional' && httpTokens !== 'required')
    throw new AwsError('InvalidParameterValue', `Value (${httpTokens}) for parameter HttpTokens is invalid.`);
  return {
    instanceType,
    instanceProfile,
    httpTokens: httpTokens as Instance['httpTokens'],
    terminationProtected: params.bool('DisableApiTermination') ?? false,
  };
}

/** Name or ARN of an instance profile. The lab has no list of them: any well-formed one is taken. */
function readProfile(params: Params): string | null {
  const profile = params.struct('IamInstanceProfile');
  const [name, arn] = [profile.text('Name'), profile.text('Arn')];
  if (name && arn)
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter iamInstanceProfile.name may not be used in combination with iamInstanceProfile.arn',
    );
  if (name && !/^[\w+=,.@-]{1,128}$/.test(name))
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
    );
  if (arn && !/^arn:aws:iam::\d{12}:instance-profile\/[\w+=,.@/-]{1,512}$/.test(arn))
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
    );
  return arn ?? name ?? null;
}

interface Place {
  subnet: Subnet;
  groupIds: string[];
  privateIp: string | null;
  autoPublic: boolean;
  description: string;
}

function readPlace(call: Ec2Call): Place {
  const { params, state } = call;
  const interfaces = params.structs('NetworkInterface');
  if (interfaces.length > 1)
    throw new AwsError('AttachmentLimitExceeded', 'This lab gives an instance one network interface.');
  const one = interfaces[0];
  if (one && (params.text('SubnetId') || params.list('SecurityGroupId').length > 0))
    throw new AwsError(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  if (one && one.integer('DeviceIndex') !== 0)
    throw new AwsError(
      'InvalidParameterValue',
      'Each network interface requires a device index; that of the first is 0.',
    );
  one?.bool('DeleteOnTermination');
  const from = one ?? params;
  const subnetId = from.text('SubnetId');
  if (!subnetId) throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user');
  const subnet = findSubnet(state, subnetId);
  const zone = params.struct('Placement').text('AvailabilityZone');
  if (zone && zone !== subnet.zone)
    throw new AwsError(
      'InvalidParameterValue',
      `The availability zone '${zone}' does not match the subnet's '${subnet.zone}'.`,
    );
  const privateIp = from.text('PrivateIpAddress') ?? null;
  if (privateIp) checkPrivateIp(state, subnet, privateIp);
  return {
    subnet,
    groupIds: readGroups(state, subnet, from.list('SecurityGroupId')),
    privateIp,
    autoPublic: one?.bool('AssociatePublicIpAddress') ?? subnet.mapPublicIp,
    description: one?.text('Description') ?? '',
  };
}

function readGroups(state: RegionState, subnet: Subnet, ids: readonly string[]): string[] {
  const groups = ids.map((id) => findGroup(state, id));
  for (const group of groups)
    if (group.vpcId !== subnet.vpcId)
      throw new AwsError(
        'InvalidParameter',
        `Security group ${group.id} and subnet ${subnet.id} belong to different networks.`,
      );
  checkGroupCount(groups);
  if (groups.length > 0) return groups.map((group) => group.id);
  return Object.values(state.groups)
    .filter((group) => group.vpcId === subnet.vpcId && group.name === 'default')
    .map((group) => group.id);
}

export function checkGroupCount(groups: readonly unknown[]): void {
  if (groups.length > MOST_GROUPS)
    throw new AwsError(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
}

function checkPrivateIp(state: RegionState, subnet: Subnet, text: string): void {
  const address = parseAddress(text);
  const range = knownCidr(subnet.cidr);
  const inside = address !== undefined && contains(range, { base: address, length: 32 });
  const last = range.base + 2 ** (32 - range.length) - 1;
  if (!inside || address < range.base + 4 || address === last)
    throw new AwsError(
      'InvalidParameterValue',
      `Address ${text} does not fall within the subnet's address range`,
    );
  const taken = Object.values(state.instances).some(
    (each) => each.subnetId === subnet.id && !each.terminatedAt && each.privateIp === formatAddress(address),
  );
  if (taken) throw new AwsError('InvalidIPAddress.InUse', `Address ${text} is in use.`);
}

function readUserData(encoded: string | undefined): string | null {
  if (!encoded) return null;
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(encoded))
    throw new AwsError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length > USER_DATA_BYTES)
    throw new AwsError('InvalidParameterValue', `User data is limited to ${USER_DATA_BYTES} bytes`);
  return bytes.toString('utf8');
}
