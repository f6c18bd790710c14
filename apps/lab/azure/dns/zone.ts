/** DNS zones: public ones, and private ones that answer in the networks that are linked to them. */
import { z } from 'zod';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { invalidReference } from '../network/refusal.ts';
import { idShown, standing } from '../network/virtual-network.ts';
import type { Call } from '../pipeline.ts';
import { upsert } from '../resource.ts';
import { childrenOf, keyOf, ofType, parentIdOf, type Resource } from '../state.ts';
import { PRIVATE_ZONE, VNET, ZONE, ZONE_LINK } from '../type.ts';
import { reference, resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import { MOST_SETS, type RecordSet, type RecordType, recordSetsOf } from './record-set.ts';

export interface Zone {
  nameServers: string[];
}
export interface ZoneLink {
  /** Key. */
  network: string;
  registrationEnabled: boolean;
}

const ZONE_NAME =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const SOA_TTL = 3600;
const NS_TTL = 172_800;

const Body = resourceBody(z.looseObject({ zoneType: z.literal('Public').optional() }).default({}), {
  managedBy: shown,
});

/** A record set that every zone has from its beginning. */
function give(
  call: Call,
  zone: { id: string; type: string; group: string },
  type: RecordType,
  it: RecordSet,
): void {
  upsert(call, {
    id: `${zone.id}/${type}/@`,
    type: `${zone.type}/${type}`,
    name: '@',
    group: zone.group,
    location: null,
    tags: {},
    extra: {},
    properties: it,
  });
}

const soa = (host: string): RecordSet => ({
  ttl: SOA_TTL,
  metadata: {},
  records: {
    host,
    email: 'azuredns-hostmaster.microsoft.com.',
    serialNumber: 1,
    refreshTime: 3600,
    retryTime: 300,
    expireTime: 2_419_200,
    minimumTTL: 300,
  },
});

function checkZones(call: Call, type: string, present: unknown): void {
  const there = ofType(call.subscription, type).length;
  const name = type === ZONE ? 'dnsZones' : 'privateDnsZones';
  if (!present && call.limits.full(name, there + 1))
    throw new ArmError(
      409,
      'ZoneCountLimitReached',
      `Cannot create more than ${call.limits.limitOf(name)} zones for this subscription.`,
    );
}

const groupOf = (call: Call) => call.subscription.groups[(call.params.group ?? '').toLowerCase()]?.name ?? '';

export const zoneKind: Kind = kind<z.infer<typeof Body>, Zone>({
  type: ZONE,
  apiVersions: API_VERSIONS.dns,
  place: 'global',
  instant: false,
  follow: 'dnsOperation',
  name: ZONE_NAME,
  body: Body,
  write({ call, id, present }) {
    checkZones(call, ZONE, present);
    const nameServers = [
      'ns1-01.azure-dns.com.',
      'ns2-01.azure-dns.net.',
      'ns3-01.azure-dns.org.',
      'ns4-01.azure-dns.info.',
    ];
    if (!present) {
      const zone = { id, type: ZONE, group: groupOf(call) };
      give(call, zone, 'SOA', soa(nameServers[0] ?? ''));
      give(call, zone, 'NS', {
        ttl: NS_TTL,
        metadata: {},
        records: nameServers.map((nsdname) => ({ nsdname })),
      });
    }
    return { properties: { nameServers } };
  },
  immediate: true,
  show: (it, view) => ({
    zoneType: 'Public',
    nameServers: it.properties.nameServers,
    maxNumberOfRecordSets: MOST_SETS,
    numberOfRecordSets: recordSetsOf(view.subscription, it.id).length,
  }),
  holders: () => [],
  held: () => new Error('nothing holds a public zone'),
});

export const privateZoneKind: Kind = kind<z.infer<typeof Body>, Zone>({
  type: PRIVATE_ZONE,
  apiVersions: API_VERSIONS.privateDns,
  place: 'global',
  instant: false,
  follow: 'privateDnsOperation',
  name: ZONE_NAME,
  body: Body,
  write({ call, id, present }) {
    checkZones(call, PRIVATE_ZONE, present);
    if (!present)
      give(call, { id, type: PRIVATE_ZONE, group: groupOf(call) }, 'SOA', soa('azureprivatedns.net'));
    return { properties: { nameServers: [] } };
  },
  show: (it, view) => ({
    maxNumberOfRecordSets: 25_000,
    numberOfRecordSets: recordSetsOf(view.subscription, it.id).length,
    maxNumberOfVirtualNetworkLinks: 1000,
    numberOfVirtualNetworkLinks: childrenOf(view.subscription, it.id, ZONE_LINK).length,
  }),
  holders: () => [],
  nested: (it, subscription) => childrenOf(subscription, it.id, ZONE_LINK).map(({ id }) => id),
  held: (_, holders) =>
    new ArmError(
      409,
      'CannotDeleteResource',
      `Can not delete resource before nested resources are deleted. Some existing nested resource IDs include: '${holders.join("', '")}'. Please delete all nested resources before deleting this resource.`,
    ),
});

const LinkBody = resourceBody(
  z.strictObject({
    virtualNetwork: reference,
    registrationEnabled: z.literal(false, 'the lab registers no machines by itself').default(false),
    resolutionPolicy: shown,
    virtualNetworkLinkState: shown,
    provisioningState: shown,
  }),
  {},
);

export const linkKind: Kind = kind<z.infer<typeof LinkBody>, ZoneLink>({
  type: ZONE_LINK,
  apiVersions: API_VERSIONS.privateDns,
  place: 'child',
  location: 'global',
  instant: false,
  follow: 'privateDnsOperation',
  body: LinkBody,
  write({ call, body, id, parent, present }) {
    const asked = body.properties.virtualNetwork;
    const network = standing(call.subscription, asked, VNET);
    if (!network) throw invalidReference(asked, id);
    if (present && present.properties.network !== keyOf(network.id))
      throw new ArmError(400, 'BadRequest', `The virtual network of the link ${id} cannot be changed.`);
    const zone = parent as Resource;
    const others = ofType<ZoneLink>(call.subscription, ZONE_LINK).filter(
      (each) => each.properties.network === keyOf(network.id) && keyOf(each.id) !== keyOf(id),
    );
    const clash = others.find(
      (each) => parentIdOf(each.id).split('/').at(-1)?.toLowerCase() === zone.name.toLowerCase(),
    );
    if (clash)
      throw new ArmError(
        409,
        'Conflict',
        `A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network ${network.id} with '${zone.name}', and it is linked by ${clash.id}.`,
      );
    return { properties: { network: keyOf(network.id), registrationEnabled: false } };
  },
  show: (it, view) => ({
    virtualNetwork: { id: idShown(view.subscription, it.properties.network) },
    registrationEnabled: it.properties.registrationEnabled,
    resolutionPolicy: 'Default',
    virtualNetworkLinkState: it.state === 'Succeeded' ? 'Completed' : 'InProgress',
  }),
  holders: () => [],
  held: () => new Error('nothing holds a link'),
  linked: (body) => [{ action: `${VNET}/join/action`, id: body.properties.virtualNetwork }],
});
