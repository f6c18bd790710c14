/** Public IP addresses: static ones of the Standard kind, from the lab's internet. */

import { z } from 'zod';
import { INTERNET } from '../../ground/ground.ts';
import { formatAddress, parseRange } from '../../ground/ranges.ts';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { type AzureState, keyOf, ofType, type Resource, type Subscription } from '../state.ts';
import { NIC, PUBLIC_ADDRESS } from '../type.ts';
import { resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import type { NetworkInterface } from './network-interface.ts';
import { inUse, quotaReached } from './refusal.ts';

export interface PublicAddress {
  address: string;
  idleTimeoutInMinutes: number;
  zones: string[];
}

const Body = resourceBody(
  z
    .strictObject({
      publicIPAllocationMethod: z.enum(['Static', 'Dynamic']).default('Dynamic'),
      publicIPAddressVersion: z.enum(['IPv4', 'IPv6']).default('IPv4'),
      idleTimeoutInMinutes: z.int().min(4).max(30).default(4),
      deleteOption: shown,
      ipAddress: shown,
      ipConfiguration: shown,
      ipTags: shown,
      ddosSettings: shown,
      provisioningState: shown,
      resourceGuid: shown,
    })
    .default({
      publicIPAllocationMethod: 'Dynamic',
      publicIPAddressVersion: 'IPv4',
      idleTimeoutInMinutes: 4,
    }),
  {
    sku: z
      .strictObject({
        name: z.enum(['Basic', 'Standard', 'StandardV2']).optional(),
        tier: z.enum(['Regional', 'Global']).optional(),
      })
      .optional(),
    zones: z.array(z.string()).optional(),
  },
);

/** The interface that has it. */
const userOf = (subscription: Subscription, id: string): Resource<NetworkInterface> | undefined =>
  ofType<NetworkInterface>(subscription, NIC).find((nic) => nic.properties.publicAddress === keyOf(id));

export const publicAddressKind: Kind = kind<z.infer<typeof Body>, PublicAddress>({
  type: PUBLIC_ADDRESS,
  apiVersions: API_VERSIONS.network,
  place: 'regional',
  instant: false,
  body: Body,
  write({ call, body, present, location }) {
    const { properties, sku } = body;
    if ((sku?.name ?? 'Basic') === 'Basic')
      throw new ArmError(
        400,
        'IPv4BasicSkuPublicIpCountLimitReached',
        `Cannot create more than 0 IPv4 Basic SKU public IP addresses for this subscription in this region.`,
      );
    if (properties.publicIPAllocationMethod !== 'Static')
      throw new ArmError(
        400,
        'StandardSkuPublicIPAddressesMustBeStatic',
        'Standard sku publicIp must have AllocationMethod set to Static.',
      );
    if (properties.publicIPAddressVersion !== 'IPv4')
      throw new ArmError(400, 'IPv6NotSupported', 'The lab has no IPv6.');
    const there = ofType(call.subscription, PUBLIC_ADDRESS).filter(
      (each) => each.location === location,
    ).length;
    if (!present && call.limits.full('PublicIPAddresses', there + 1))
      throw quotaReached(
        'PublicIPCountLimitReached',
        'public IP addresses',
        call.limits.limitOf('PublicIPAddresses'),
        location,
      );
    return {
      properties: {
        address: present?.properties.address ?? freeAddress(call.state),
        idleTimeoutInMinutes: properties.idleTimeoutInMinutes,
        zones: body.zones ?? [],
      },
      extra: {
        sku: { name: sku?.name ?? 'Standard', tier: sku?.tier ?? 'Regional' },
        ...(body.zones ? { zones: body.zones } : {}),
      },
    };
  },
  show(it, view) {
    const user = userOf(view.subscription, it.id);
    return {
      resourceGuid: it.guid,
      ipAddress: it.properties.address,
      publicIPAddressVersion: 'IPv4',
      publicIPAllocationMethod: 'Static',
      idleTimeoutInMinutes: it.properties.idleTimeoutInMinutes,
      ipTags: [],
      ...(user
        ? { ipConfiguration: { id: `${user.id}/ipConfigurations/${user.properties.configuration}` } }
        : {}),
    };
  },
  holders: (it, subscription) => {
    const user = userOf(subscription, it.id);
    return user ? [`${user.id}/ipConfigurations/${user.properties.configuration}`] : [];
  },
  held: (it, holders) =>
    inUse(
      'PublicIPAddressCannotBeDeleted',
      `Public IP address ${it.id} can not be deleted since it is still allocated to resource ${holders.join(', ')}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.`,
      holders,
    ),
});

/** The lowest address of Azure's share of the internet that nobody has, in any subscription. */
function freeAddress(state: AzureState): string {
  const range = parseRange(INTERNET.azure);
  if (!range) throw new Error(`${INTERNET.azure} is no range`);
  const taken = new Set(
    Object.values(state.subscriptions).flatMap((each) =>
      ofType<PublicAddress>(each, PUBLIC_ADDRESS).map((it) => it.properties.address),
    ),
  );
  for (let next = range.from + 1; next < range.to; next++) {
    const address = formatAddress(next);
    if (!taken.has(address)) return address;
  }
  throw new ArmError(400, 'PublicIPCountLimitReached', 'There is no public address left in the lab.');
}
