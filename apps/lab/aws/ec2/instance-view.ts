/** Instances and their network interfaces as EC2 shows them. */
import type { Xml } from '../wire/xml.ts';
import type { Ec2Call } from './call.ts';
import { INSTANCE_TYPES } from './catalog.ts';
import { publicIpOf, stateOf } from './instance-state.ts';
import type { Instance } from './state.ts';
import { tagSet } from './tag.ts';

/** `ip-10-0-1-4.ec2.internal`; other regions than the first carry their name. */
export const privateName = (region: string, privateIp: string) =>
  `ip-${privateIp.replaceAll('.', '-')}.${region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`}`;

const publicName = (region: string, publicIp: string) =>
  `ec2-${publicIp.replaceAll('.', '-')}.${region === 'us-east-1' ? 'compute-1' : `${region}.compute`}.amazonaws.com`;

/** The instances of one RunInstances call. */
export function reservationView(call: Ec2Call, instances: readonly Instance[]): { [name: string]: Xml } {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: call.account.accountId,
    groupSet: {},
    instancesSet: { item: instances.map((instance) => instanceView(call, instance).instance) },
  };
}

function profileView(accountId: string, { id, instanceProfile }: Instance): { [name: string]: Xml } {
  if (!instanceProfile) return {};
  const arn = instanceProfile.startsWith('arn:')
    ? instanceProfile
    : `arn:aws:iam::${accountId}:instance-profile/${instanceProfile}`;
  return { iamInstanceProfile: { arn, id: id.replace('i-', 'AIPA').toUpperCase() } };
}

/** Both views of an instance: itself, and its network interface alone. */
export function instanceView(call: Ec2Call, instance: Instance): { instance: Xml; interface: Xml } {
  const { state, region, account } = call;
  const stands = stateOf(call, instance);
  const gone = stands.name === 'terminated';
  const publicIp = gone ? null : publicIpOf(state, instance);
  const address = Object.values(state.addresses).find((each) => each.association?.instanceId === instance.id);
  const hostnames = state.vpcs[instance.vpcId]?.dnsHostnames ?? false;
  const dnsName = publicIp && hostnames ? publicName(region, publicIp) : '';
  const zone = state.subnets[instance.subnetId]?.zone;
  const groupSet = {
    item: instance.groupIds.map((groupId) => ({ groupId, groupName: state.groups[groupId]?.name })),
  };
  const association = publicIp
    ? {
        publicIp,
        publicDnsName: dnsName,
        ipOwnerId: address ? account.accountId : 'amazon',
        allocationId: address?.id,
        associationId: address?.association?.id,
      }
    : undefined;
  const device = {
    networkInterfaceId: instance.networkInterface.id,
    subnetId: instance.subnetId,
    vpcId: instance.vpcId,
    availabilityZone: zone,
    description: instance.networkInterface.description,
    ownerId: account.accountId,
    status: 'in-use',
    macAddress: instance.macAddress,
    privateIpAddress: instance.privateIp,
    privateDnsName: privateName(region, instance.privateIp),
    sourceDestCheck: instance.sourceDestCheck,
    interfaceType: 'interface',
    groupSet,
    attachment: {
      attachmentId: instance.networkInterface.attachmentId,
      instanceId: instance.id,
      deviceIndex: 0,
      networkCardIndex: 0,
      status: 'attached',
      attachTime: instance.launchedAt,
      deleteOnTermination: true,
    },
    association,
    privateIpAddressesSet: {
      item: [
        {
          privateIpAddress: instance.privateIp,
          privateDnsName: privateName(region, instance.privateIp),
          primary: true,
          association,
        },
      ],
    },
    ipv6AddressesSet: {},
  };
  return {
    interface: { ...device, tagSet: tagSet(instance.networkInterface.tags) },
    instance: {
      instanceId: instance.id,
      imageId: instance.imageId,
      instanceState: { ...stands },
      privateDnsName: gone ? '' : privateName(region, instance.privateIp),
      dnsName,
      ...reason(stands.name, instance),
      amiLaunchIndex: instance.launchIndex,
      productCodes: {},
      instanceType: instance.instanceType,
      ...profileView(account.accountId, instance),
      launchTime: instance.launchedAt,
      placement: { availabilityZone: zone, groupName: '', tenancy: 'default' },
      monitoring: { state: 'disabled' },
      ...(gone
        ? {}
        : {
            subnetId: instance.subnetId,
            vpcId: instance.vpcId,
            privateIpAddress: instance.privateIp,
            ipAddress: publicIp,
            sourceDestCheck: instance.sourceDestCheck,
          }),
      groupSet: gone ? {} : groupSet,
      architecture: INSTANCE_TYPES[instance.instanceType]?.architecture,
      rootDeviceType: 'ebs',
      rootDeviceName: '/dev/xvda',
      blockDeviceMapping: gone
        ? {}
        : {
            item: [
              {
                deviceName: '/dev/xvda',
                ebs: {
                  volumeId: instance.volume.id,
                  status: 'attached',
                  attachTime: instance.launchedAt,
                  deleteOnTermination: true,
                },
              },
            ],
          },
      virtualizationType: 'hvm',
      clientToken: instance.clientToken ?? '',
      hypervisor: 'xen',
      networkInterfaceSet: gone
        ? {}
        : { item: [{ ...device, attachment: { ...device.attachment, instanceId: undefined } }] },
      ebsOptimized: false,
      enaSupport: true,
      metadataOptions: {
        state: 'applied',
        httpTokens: instance.httpTokens,
        httpPutResponseHopLimit: 2,
        httpEndpoint: 'enabled',
      },
      tagSet: tagSet(instance.tags),
    },
  };
}

function reason(state: string, instance: Instance): { [name: string]: Xml } {
  if (instance.terminatedAt)
    return {
      reason: `User initiated (${instance.terminatedAt.slice(0, 19).replace('T', ' ')} GMT)`,
      stateReason: {
        code: 'Client.UserInitiatedShutdown',
        message: 'Client.UserInitiatedShutdown: User initiated shutdown',
      },
    };
  if (state === 'terminated')
    return {
      reason: 'Server.InternalError',
      stateReason: {
        code: 'Server.InternalError',
        message: 'Server.InternalError: Internal error on launch',
      },
    };
  return {};
}
