/** Network interfaces: one private address, perhaps a public one, one security group. */

import { z } from 'zod';
import { formatAddress, parseAddress, parseRange } from '../../ground/ranges.ts';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { find, keyOf, ofType, type Resource, type Subscription } from '../state.ts';
import { MACHINE, NIC, NSG, PUBLIC_ADDRESS, SUBNET } from '../type.ts';
import { reference, resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import { inUse, invalidReference, notProvisioned, quotaReached } from './refusal.ts';
import { idShown, interfacesIn, locationOfParent, type Subnet, standing } from './virtual-network.ts';

export interface NetworkInterface {
  /** The one configuration's name. */
  configuration: string;
  /** Keys. */
  subnet: string;
  securityGroup: string | null;
  publicAddress: string | null;
  /** Whether the public address goes with the virtual machine. */
  deletesAddress: boolean;
  privateAddress: string;
  allocation: 'Dynamic' | 'Static';
  forwards: boolean;
  acceleratedNetworking: boolean;
}

/** Azure keeps the first four addresses of a subnet and the last for itself. */
const FIRST_FREE = 4;

const Configuration = z.strictObject({
  id: shown,
  name: z.string().min(1),
  type: shown,
  etag: shown,
  properties: z.strictObject({
    subnet: reference,
    publicIPAddress: z
      .looseObject({
        id: z.string().startsWith('/subscriptions/'),
        properties: z.looseObject({ deleteOption: z.enum(['Delete', 'Detach']).optional() }).optional(),
      })
      .optional(),
    privateIPAddress: z.ipv4().optional(),
    privateIPAllocationMethod: z.enum(['Dynamic', 'Static']).default('Dynamic'),
    privateIPAddressVersion: z.literal('IPv4').optional(),
    privateIPAddressPrefixLength: shown,
    primary: z.boolean().optional(),
    provisioningState: shown,
  }),
});

const Body = resourceBody(
  z.strictObject({
    ipConfigurations: z.array(Configuration).length(1, 'the lab has interfaces with one IP configuration'),
    networkSecurityGroup: reference.optional(),
    enableIPForwarding: z.boolean().default(false),
    enableAcceleratedNetworking: z.boolean().default(false),
    dnsSettings: shown,
    virtualMachine: shown,
    macAddress: shown,
    primary: shown,
    vnetEncryptionSupported: shown,
    defaultOutboundConnectivityEnabled: shown,
    disableTcpStateTracking: shown,
    auxiliaryMode: shown,
    auxiliarySku: shown,
    allowPort25Out: shown,
    nicType: shown,
    hostedWorkloads: shown,
    tapConfigurations: shown,
    provisioningState: shown,
    resourceGuid: shown,
  }),
  { extendedLocation: shown, kind: shown },
);

/** The virtual machine that has it. */
export const machineOf = (
  subscription: Subscription,
  id: string,
): Resource<{ interfaces: { id: string }[] }> | undefined =>
  ofType<{ interfaces: { id: string }[] }>(subscription, MACHINE).find((vm) =>
    vm.properties.interfaces.some((each) => each.id === keyOf(id)),
  );

export const interfaceKind: Kind = kind<z.infer<typeof Body>, NetworkInterface>({
  type: NIC,
  apiVersions: API_VERSIONS.network,
  place: 'regional',
  instant: false,
  body: Body,
  write({ call, body, id, present, location }) {
    const { subscription } = call;
    const { properties } = body;
    const configuration = properties.ipConfigurations[0];
    if (!configuration) throw new Error('the body was parsed without its configuration');
    const { subnet: subnetId, publicIPAddress } = configuration.properties;
    const subnet = standing<Subnet>(subscription, subnetId, SUBNET);
    if (!subnet || locationOfParent(subscription, subnet) !== location) throw invalidReference(subnetId, id);
    const securityGroup = properties.networkSecurityGroup ?? null;
    const publicAddress = publicIPAddress?.id ?? null;
    for (const [used, type] of [
      [securityGroup, NSG],
      [publicAddress, PUBLIC_ADDRESS],
    ] as const) {
      if (used === null) continue;
      const it = standing(subscription, used, type);
      if (!it || it.location !== location) throw invalidReference(used, id);
      if (it.state === 'Creating') throw notProvisioned(it.id, id);
    }
    if (
      subnet.state === 'Creating' ||
      find(subscription, subnet.id.split('/').slice(0, 9).join('/'))?.state === 'Creating'
    )
      throw notProvisioned(subnet.id, id);
    const other = ofType<NetworkInterface>(subscription, NIC).find(
      (nic) =>
        publicAddress !== null &&
        nic.properties.publicAddress === keyOf(publicAddress) &&
        keyOf(nic.id) !== keyOf(id),
    );
    if (other)
      throw new ArmError(
        400,
        'PublicIPAddressInUse',
        `Resource ${id}/ipConfigurations/${configuration.name} is referencing public IP address ${publicAddress} that is already allocated to resource ${other.id}/ipConfigurations/${other.properties.configuration}.`,
      );
    const there = ofType(subscription, NIC).filter((each) => each.location === location).length;
    if (!present && call.limits.full('NetworkInterfaces', there + 1))
      throw quotaReached(
        'NetworkInterfaceCountLimitReached',
        'network interfaces',
        call.limits.limitOf('NetworkInterfaces'),
        location,
      );
    const stayed =
      present?.properties.subnet === keyOf(subnetId) ? present.properties.privateAddress : undefined;
    const wished =
      configuration.properties.privateIPAllocationMethod === 'Static'
        ? configuration.properties.privateIPAddress
        : undefined;
    return {
      properties: {
        configuration: configuration.name,
        subnet: keyOf(subnetId),
        securityGroup: securityGroup === null ? null : keyOf(securityGroup),
        publicAddress: publicAddress === null ? null : keyOf(publicAddress),
        deletesAddress: publicIPAddress?.properties?.deleteOption === 'Delete',
        privateAddress: takeAddress(subscription, subnet, id, wished, stayed),
        allocation: configuration.properties.privateIPAllocationMethod,
        forwards: properties.enableIPForwarding,
        acceleratedNetworking: properties.enableAcceleratedNetworking,
      },
    };
  },
  show(it, view) {
    const { properties } = it;
    const vm = machineOf(view.subscription, it.id);
    const shownId = (key: string) => idShown(view.subscription, key);
    return {
      resourceGuid: it.guid,
      ipConfigurations: [
        {
          name: properties.configuration,
          id: `${it.id}/ipConfigurations/${properties.configuration}`,
          type: `${NIC}/ipConfigurations`,
          properties: {
            provisioningState: it.state,
            primary: true,
            privateIPAddress: properties.privateAddress,
            privateIPAllocationMethod: properties.allocation,
            privateIPAddressVersion: 'IPv4',
            subnet: { id: shownId(properties.subnet) },
            ...(properties.publicAddress === null
              ? {}
              : {
                  publicIPAddress: {
                    id: shownId(properties.publicAddress),
                    properties: { deleteOption: properties.deletesAddress ? 'Delete' : 'Detach' },
                  },
                }),
          },
        },
      ],
      ...(properties.securityGroup === null
        ? {}
        : { networkSecurityGroup: { id: shownId(properties.securityGroup) } }),
      ...(vm
        ? {
            virtualMachine: { id: vm.id },
            primary: true,
            macAddress: macOf(properties.privateAddress).toUpperCase().replaceAll(':', '-'),
          }
        : {}),
      enableIPForwarding: properties.forwards,
      enableAcceleratedNetworking: properties.acceleratedNetworking,
      dnsSettings: { dnsServers: [], appliedDnsServers: [] },
      nicType: 'Standard',
    };
  },
  holders: (it, subscription) => {
    const vm = machineOf(subscription, it.id);
    return vm ? [vm.id] : [];
  },
  held: (it, holders) =>
    inUse(
      'NicInUse',
      `Network Interface ${it.id} is used by existing resource ${holders.join(', ')}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
      holders,
    ),
  linked: ({ properties }) => [
    ...properties.ipConfigurations.flatMap((each) => [
      { action: `${SUBNET}/join/action`, id: each.properties.subnet },
      ...(each.properties.publicIPAddress
        ? [{ action: `${PUBLIC_ADDRESS}/join/action`, id: each.properties.publicIPAddress.id }]
        : []),
    ]),
    ...(properties.networkSecurityGroup
      ? [{ action: `${NSG}/join/action`, id: properties.networkSecurityGroup }]
      : []),
  ],
});

/** Azure's own part of the hardware addresses, and the private address, which is one in its subnet. */
export const macOf = (address: string): string => {
  const value = parseAddress(address) ?? 0;
  const bytes = [0x00, 0x0d, ...[24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
};

/** @throws ArmError 400 where the wished one is not free, or none is */
function takeAddress(
  subscription: Subscription,
  subnet: Resource<Subnet>,
  id: string,
  wished: string | undefined,
  stayed: string | undefined,
): string {
  const range = parseRange(subnet.properties.prefix);
  if (!range) throw new Error(`${subnet.properties.prefix} is no range`);
  const taken = new Set(
    interfacesIn(subscription, subnet.id)
      .filter((nic) => keyOf(nic.id) !== keyOf(id))
      .map((nic) => nic.properties.privateAddress),
  );
  if (wished !== undefined) {
    const value = parseAddress(wished) ?? -1;
    if (value < range.from || value > range.to)
      throw new ArmError(
        400,
        'PrivateIPAddressNotInSubnet',
        `Private static IP address ${wished} does not belong to the range of subnet prefix ${subnet.properties.prefix}.`,
      );
    if (value < range.from + FIRST_FREE || value === range.to)
      throw new ArmError(
        400,
        'PrivateIPAddressInReservedRange',
        `Private static IP address ${wished} falls within reserved IP range of subnet prefix ${subnet.properties.prefix}.`,
      );
    if (taken.has(wished))
      throw new ArmError(
        400,
        'PrivateIPAddressIsAllocated',
        `IP configuration ${id} is using the private IP address ${wished} which is already allocated to resource ${interfacesIn(subscription, subnet.id).find((nic) => nic.properties.privateAddress === wished)?.id}.`,
      );
    return wished;
  }
  if (stayed !== undefined) return stayed;
  for (let next = range.from + FIRST_FREE; next < range.to; next++) {
    const address = formatAddress(next);
    if (!taken.has(address)) return address;
  }
  throw new ArmError(
    400,
    'SubnetIsFull',
    `Subnet ${subnet.name} with address prefix ${subnet.properties.prefix} does not have enough capacity for 1 IP addresses.`,
  );
}
