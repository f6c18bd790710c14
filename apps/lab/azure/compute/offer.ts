/** What may be had where: sizes, images, registered providers, and how much of the limits is used. */
import { API_VERSIONS, IMAGES, LOCATIONS, locationOf, SIZES } from '../catalog.ts';
import { type Call, type Endpoint, endpoint } from '../pipeline.ts';
import { ofType } from '../state.ts';
import { MACHINE, NIC, NSG, PUBLIC_ADDRESS, VNET } from '../type.ts';
import { ArmError } from '../wire/error.ts';
import { page } from '../wire/page.ts';
import { coresIn } from './choice.ts';

const ROOT = ['subscriptions', ':subscription', 'providers'];
const SKU_PAGE = 100;

function placeOf(call: Call): string {
  const location = locationOf(call.params.location ?? '');
  if (!location)
    throw new ArmError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '${call.params.location}'.`,
    );
  return location;
}

const skus = endpoint({
  method: 'GET',
  pattern: [...ROOT, 'Microsoft.Compute', 'skus'],
  action: 'Microsoft.Compute/skus/read',
  apiVersions: API_VERSIONS.skus,
  changes: false,
  handle(call) {
    const filter = call.query.get('$filter');
    const asked = filter === null ? null : /^location eq '([\w ]+)'$/.exec(filter.trim())?.[1];
    if (asked === undefined)
      throw new ArmError(
        400,
        'InvalidFilter',
        `The filter '${filter}' is not valid: only location eq '…' is.`,
      );
    const places = LOCATIONS.map(({ name }) => name).filter(
      (name) => asked === null || name === locationOf(asked),
    );
    const all = places.flatMap((location) =>
      SIZES.map((size) => ({
        resourceType: 'virtualMachines',
        name: size.name,
        tier: 'Standard',
        size: size.name.replace('Standard_', ''),
        family: size.family,
        locations: [location],
        locationInfo: [{ location, zones: ['1', '2', '3'], zoneDetails: [] }],
        capabilities: [
          { name: 'vCPUs', value: String(size.vCpus) },
          { name: 'MemoryGB', value: String(size.memoryGb) },
          { name: 'MaxNetworkInterfaces', value: String(size.nics) },
          { name: 'CpuArchitectureType', value: 'x64' },
        ],
        restrictions: size.notIn.includes(location)
          ? [
              {
                type: 'Location',
                values: [location],
                restrictionInfo: { locations: [location] },
                reasonCode: 'NotAvailableForSubscription',
              },
            ]
          : [],
      })),
    );
    return { status: 200, body: page(all, (it) => `${it.locations[0]} ${it.name}`, call.url, SKU_PAGE) };
  },
});

interface Usage {
  value: string;
  words: string;
  used: number;
}

const usages = (
  namespace: string,
  apiVersions: readonly string[],
  of: (call: Call, location: string) => Usage[],
) =>
  endpoint({
    method: 'GET',
    pattern: [...ROOT, namespace, 'locations', ':location', 'usages'],
    action: `${namespace}/locations/usages/read`,
    apiVersions,
    changes: false,
    handle(call) {
      const location = placeOf(call);
      const all = of(call, location).map(({ value, words, used }) => ({
        ...(namespace === 'Microsoft.Network'
          ? {
              id: `/subscriptions/${call.account.subscriptionId}/providers/Microsoft.Network/locations/${location}/usages/${value}`,
            }
          : {}),
        unit: 'Count',
        currentValue: used,
        limit: call.limits.limitOf(value),
        name: { value, localizedValue: words },
      }));
      return { status: 200, body: page(all, (it) => it.name.value, call.url) };
    },
  });

const counted = (call: Call, location: string, type: string) =>
  ofType(call.subscription, type).filter((each) => each.location === location).length;

const images = endpoint({
  method: 'GET',
  pattern: [
    ...ROOT,
    'Microsoft.Compute',
    'locations',
    ':location',
    'publishers',
    ':publisher',
    'artifacttypes',
    'vmimage',
    'offers',
    ':offer',
    'skus',
    ':sku',
    'versions',
  ],
  action: 'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read',
  apiVersions: API_VERSIONS.compute,
  changes: false,
  handle(call) {
    const location = placeOf(call);
    const { publisher = '', offer = '', sku = '' } = call.params;
    const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
    const found = IMAGES.filter(
      (it) => same(it.publisher, publisher) && same(it.offer, offer) && same(it.sku, sku),
    );
    if (found.length === 0)
      throw new ArmError(
        404,
        'NotFound',
        `Artifact: VMImage was not found: ${publisher}:${offer}:${sku} in ${location}.`,
      );
    return {
      status: 200,
      body: found.map(({ version }) => ({
        location,
        name: version,
        id: `/Subscriptions/${call.account.subscriptionId}/Providers/Microsoft.Compute/Locations/${location}/Publishers/${publisher}/ArtifactTypes/VMImage/Offers/${offer}/Skus/${sku}/Versions/${version}`,
      })),
    };
  },
});

const REGISTERED = [
  'Microsoft.Network',
  'Microsoft.Compute',
  'Microsoft.Resources',
  'Microsoft.Authorization',
  'Microsoft.Insights',
  'Microsoft.ManagedIdentity',
];
const provider = endpoint({
  method: 'GET',
  pattern: [...ROOT, ':namespace'],
  action: 'Microsoft.Resources/subscriptions/providers/read',
  apiVersions: API_VERSIONS.resources,
  changes: false,
  handle(call) {
    const namespace = REGISTERED.find((each) => each.toLowerCase() === call.params.namespace?.toLowerCase());
    if (!namespace)
      throw new ArmError(
        404,
        'InvalidResourceNamespace',
        `The resource namespace '${call.params.namespace}' is invalid.`,
      );
    return {
      status: 200,
      body: {
        id: `/subscriptions/${call.account.subscriptionId}/providers/${namespace}`,
        namespace,
        registrationPolicy: 'RegistrationRequired',
        registrationState: 'Registered',
        resourceTypes: [],
      },
    };
  },
});

export const offers: readonly Endpoint[] = [
  provider,
  skus,
  images,
  usages('Microsoft.Compute', API_VERSIONS.compute, (call, location) => [
    {
      value: 'cores',
      words: 'Total Regional vCPUs',
      used: coresIn(call.subscription, location, null),
    },
    {
      value: 'virtualMachines',
      words: 'Virtual Machines',
      used: counted(call, location, MACHINE),
    },
    ...[...new Set(SIZES.map(({ family }) => family))].map((family) => ({
      value: family,
      words: `${family} vCPUs`,
      used: coresIn(call.subscription, location, family),
    })),
  ]),
  usages('Microsoft.Network', API_VERSIONS.network, (call, location) => [
    {
      value: 'VirtualNetworks',
      words: 'Virtual Networks',
      used: counted(call, location, VNET),
    },
    {
      value: 'NetworkSecurityGroups',
      words: 'Network Security Groups',
      used: counted(call, location, NSG),
    },
    {
      value: 'NetworkInterfaces',
      words: 'Network Interfaces',
      used: counted(call, location, NIC),
    },
    {
      value: 'PublicIPAddresses',
      words: 'Public IP Addresses',
      used: counted(call, location, PUBLIC_ADDRESS),
    },
    {
      value: 'IPv4StandardSkuPublicIpAddresses',
      words: 'Public IPv4 Addresses - Standard',
      used: counted(call, location, PUBLIC_ADDRESS),
    },
  ]),
];
