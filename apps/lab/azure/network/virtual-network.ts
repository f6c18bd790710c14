/** Virtual networks and their subnets. */

import { z } from 'zod';
import { overlap, parseRange, type Range, within } from '../../ground/ranges.ts';
import { API_VERSIONS } from '../catalog.ts';
import { type Body, type Kind, kind } from '../kind.ts';
import type { Linked } from '../pipeline.ts';
import { show as showResource } from '../resource.ts';
import {
  childrenOf,
  find,
  keyOf,
  ofType,
  parentIdOf,
  type Resource,
  type Subscription,
  stays,
} from '../state.ts';
import { NIC, NSG, SUBNET, VNET, ZONE_LINK } from '../type.ts';
import { reference, resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import type { NetworkInterface } from './network-interface.ts';
import { peeringKind } from './peering.ts';
import { inUse, invalidReference, quotaReached } from './refusal.ts';

export interface VirtualNetwork {
  prefixes: string[];
  dnsServers: string[];
  enableDdosProtection: boolean;
}

export interface Subnet {
  prefix: string;
  /** Key of its network security group. */
  securityGroup: string | null;
  defaultOutboundAccess: boolean | null;
}

const SubnetProperties = z
  .strictObject({
    addressPrefix: z.string().optional(),
    addressPrefixes: z.array(z.string()).optional(),
    networkSecurityGroup: reference.optional(),
    defaultOutboundAccess: z.boolean().optional(),
    privateEndpointNetworkPolicies: shown,
    privateLinkServiceNetworkPolicies: shown,
    delegations: z.array(z.never()).optional(),
    serviceEndpoints: z.array(z.never()).optional(),
    ipConfigurations: shown,
    provisioningState: shown,
    purpose: shown,
  })
  .default({});
const SubnetBody = resourceBody(SubnetProperties, {});
type SubnetBody = z.infer<typeof SubnetBody>;

const NetworkBody = resourceBody(
  z
    .strictObject({
      addressSpace: z
        .strictObject({ addressPrefixes: z.array(z.string()).default([]), ipamPoolPrefixAllocations: shown })
        .optional(),
      dhcpOptions: z.strictObject({ dnsServers: z.array(z.ipv4()).default([]) }).optional(),
      subnets: z.array(SubnetBody.extend({ name: z.string() })).optional(),
      // Only through calls of its own.
      virtualNetworkPeerings: shown,
      enableDdosProtection: z.boolean().optional(),
      enableVmProtection: shown,
      privateEndpointVNetPolicies: shown,
      provisioningState: shown,
      resourceGuid: shown,
    })
    .default({}),
  { extendedLocation: shown },
);

const rangeOf = (text: string, what: string): Range => {
  const range = parseRange(text);
  if (!range || !text.includes('/'))
    throw new ArmError(
      400,
      'InvalidAddressPrefixFormat',
      `Address prefix ${text} of resource ${what} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
    );
  return range;
};

export const subnetKind: Kind = kind<SubnetBody, Subnet>({
  type: SUBNET,
  apiVersions: API_VERSIONS.network,
  place: 'child',
  instant: false,
  body: SubnetBody,
  write({ call, body, id, parent, present }) {
    const network = parent as Resource<VirtualNetwork>;
    const siblings = childrenOf<Subnet>(call.subscription, network.id, SUBNET).filter(
      (each) => keyOf(each.id) !== keyOf(id),
    );
    const properties = planSubnet(
      body,
      id,
      network.properties.prefixes,
      siblings.map((each) => ({ name: each.name, prefix: each.properties.prefix })),
      call.subscription,
    );
    if (present && present.properties.prefix !== properties.prefix) {
      const used = interfacesIn(call.subscription, id);
      if (used.length > 0)
        throw new ArmError(
          400,
          'InUsePrefixCannotBeDeleted',
          `IpPrefix ${present.properties.prefix} on Subnet ${present.name} has active allocations and cannot be deleted.`,
        );
    }
    return { properties };
  },
  show: (it, view) => ({
    addressPrefix: it.properties.prefix,
    ...(it.properties.securityGroup === null
      ? {}
      : { networkSecurityGroup: { id: idShown(view.subscription, it.properties.securityGroup) } }),
    ...(it.properties.defaultOutboundAccess === null
      ? {}
      : { defaultOutboundAccess: it.properties.defaultOutboundAccess }),
    ipConfigurations: interfacesIn(view.subscription, it.id).map((nic) => ({
      id: `${nic.id}/ipConfigurations/${nic.properties.configuration}`,
    })),
    delegations: [],
    privateEndpointNetworkPolicies: 'Disabled',
    privateLinkServiceNetworkPolicies: 'Enabled',
  }),
  holders: (it, subscription) =>
    interfacesIn(subscription, it.id).map(
      (nic) => `${nic.id}/ipConfigurations/${nic.properties.configuration}`,
    ),
  held: (it, holders) =>
    inUse(
      'InUseSubnetCannotBeDeleted',
      `Subnet ${it.name} is in use by ${holders.join(', ')} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
      holders,
    ),
  linked: (body) => linkedOf(body),
});

const linkedOf = (body: Pick<SubnetBody, 'properties'>): Linked[] =>
  body.properties.networkSecurityGroup
    ? [{ action: `${NSG}/join/action`, id: body.properties.networkSecurityGroup }]
    : [];

/** Ids as their makers wrote them. */
export const idShown = (subscription: Subscription, key: string): string =>
  find(subscription, key)?.id ?? key;

/** Interfaces with an address in the subnet; those that are going hold it until they are gone. */
export const interfacesIn = (subscription: Subscription, subnetId: string): Resource<NetworkInterface>[] =>
  ofType<NetworkInterface>(subscription, NIC).filter((nic) => nic.properties.subnet === keyOf(subnetId));

function planSubnet(
  body: Pick<SubnetBody, 'properties'>,
  id: string,
  prefixes: readonly string[],
  siblings: readonly { name: string; prefix: string }[],
  subscription: Subscription,
): Subnet {
  const name = id.split('/').at(-1) ?? '';
  const asked = body.properties.addressPrefix ?? body.properties.addressPrefixes?.[0];
  if (asked === undefined || (body.properties.addressPrefixes?.length ?? 1) !== 1)
    throw new ArmError(400, 'InvalidRequestFormat', `Subnet ${name} needs exactly one address prefix.`, {
      target: 'properties.addressPrefix',
    });
  const range = rangeOf(asked, id);
  // Azure keeps five addresses of each subnet for itself.
  if (range.prefixLength > 29)
    throw new ArmError(
      400,
      'NetcfgInvalidSubnet',
      `Subnet '${name}' is not valid in virtual network '${id.split('/').at(-3)}'.`,
    );
  if (!prefixes.some((prefix) => within(range, rangeOf(prefix, id))))
    throw new ArmError(
      400,
      'NetcfgSubnetRangeOutsideVnet',
      `Subnet '${name}' is not valid because its IP address range is outside the IP address range of virtual network '${id.split('/').at(-3)}'.`,
    );
  const other = siblings.find((each) => overlap(range, rangeOf(each.prefix, id)));
  if (other)
    throw new ArmError(
      400,
      'NetcfgSubnetRangesOverlap',
      `Subnet '${name}' is not valid because its IP address range overlaps with that of an existing subnet '${other.name}' in virtual network '${id.split('/').at(-3)}'.`,
    );
  const securityGroup = body.properties.networkSecurityGroup;
  if (securityGroup !== undefined && !standing(subscription, securityGroup, NSG))
    throw invalidReference(securityGroup, id);
  return {
    prefix: asked,
    securityGroup: securityGroup === undefined ? null : keyOf(securityGroup),
    defaultOutboundAccess: body.properties.defaultOutboundAccess ?? null,
  };
}

/** The resource of that type, when it is there and stays. */
export function standing<P>(subscription: Subscription, id: string, type: string): Resource<P> | undefined {
  const it = find<P>(subscription, id);
  return it && it.type === type && stays(it) ? it : undefined;
}

export const networkKind: Kind = kind<z.infer<typeof NetworkBody> & Body, VirtualNetwork>({
  type: VNET,
  apiVersions: API_VERSIONS.network,
  place: 'regional',
  instant: false,
  body: NetworkBody,
  write({ call, body, id, present, location }) {
    const prefixes = body.properties.addressSpace?.addressPrefixes ?? [];
    if (prefixes.length === 0)
      throw new ArmError(
        400,
        'InvalidRequestFormat',
        'A virtual network needs at least one address prefix.',
        { target: 'properties.addressSpace' },
      );
    const ranges = prefixes.map((prefix) => rangeOf(prefix, id));
    for (const [index, range] of ranges.entries())
      if (ranges.some((each, at) => at < index && overlap(each, range)))
        throw new ArmError(
          400,
          'InvalidAddressPrefixes',
          `The address prefixes of virtual network ${id} overlap.`,
        );
    const there = ofType(call.subscription, VNET).filter((each) => each.location === location).length;
    if (!present && call.limits.full('VirtualNetworks', there + 1))
      throw quotaReached(
        'VirtualNetworkCountLimitReached',
        'virtual networks',
        call.limits.limitOf('VirtualNetworks'),
        location,
      );
    const existing = childrenOf<Subnet>(call.subscription, id, SUBNET);
    // Subnets that the body does not speak of stay; an empty list ends them.
    const wanted = body.properties.subnets?.map((subnet, index, all) => ({
      name: subnet.name,
      properties: planSubnet(
        subnet,
        `${id}/subnets/${subnet.name}`,
        prefixes,
        all.slice(0, index).map((each) => ({
          name: each.name,
          prefix: each.properties.addressPrefix ?? each.properties.addressPrefixes?.[0] ?? '',
        })),
        call.subscription,
      ),
    }));
    const staying =
      wanted?.map(({ properties }) => properties) ?? existing.map(({ properties }) => properties);
    for (const { prefix } of staying)
      if (!ranges.some((range) => within(rangeOf(prefix, id), range)))
        throw new ArmError(
          400,
          'NetcfgSubnetRangeOutsideVnet',
          `A subnet with the range ${prefix} is outside the IP address range of virtual network '${id.split('/').at(-1)}'.`,
        );
    return {
      properties: {
        prefixes,
        dnsServers: body.properties.dhcpOptions?.dnsServers ?? [],
        enableDdosProtection: body.properties.enableDdosProtection ?? false,
      },
      ...(wanted ? { children: { kind: subnetKind, wanted } } : {}),
    };
  },
  show: (it, view) => ({
    resourceGuid: it.guid,
    addressSpace: { addressPrefixes: it.properties.prefixes },
    ...(it.properties.dnsServers.length > 0 ? { dhcpOptions: { dnsServers: it.properties.dnsServers } } : {}),
    subnets: childrenOf(view.subscription, it.id, SUBNET).map((each) => showResource(subnetKind, each, view)),
    virtualNetworkPeerings: childrenOf(view.subscription, it.id, peeringKind.type).map((each) =>
      showResource(peeringKind, each, view),
    ),
    enableDdosProtection: it.properties.enableDdosProtection,
  }),
  // Its subnets are asked, for they go with it; a private zone's link is what holds the network itself.
  holders: (it, subscription) =>
    ofType<{ network?: string }>(subscription, ZONE_LINK)
      .filter((link) => link.properties.network === keyOf(it.id))
      .map((link) => link.id),
  held: (it, holders) =>
    inUse(
      'CannotDeleteResource',
      `Cannot delete resource ${it.id} while nested resources exist or it is linked by ${holders.join(', ')}. Delete those first.`,
      holders,
    ),
  linked: (body) => (body.properties.subnets ?? []).flatMap(linkedOf),
});

/** Where the resource stands that a child belongs to. */
export const locationOfParent = (subscription: Subscription, it: Resource): string =>
  find(subscription, parentIdOf(it.id))?.location ?? 'global';
