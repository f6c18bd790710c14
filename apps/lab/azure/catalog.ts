/** What Azure offers in the lab: places, sizes, images, limits, and the API versions it knows. */

export const LOCATIONS: readonly { name: string; displayName: string }[] = [
  { name: 'australiaeast', displayName: 'Australia East' },
  { name: 'brazilsouth', displayName: 'Brazil South' },
  { name: 'canadacentral', displayName: 'Canada Central' },
  { name: 'centralindia', displayName: 'Central India' },
  { name: 'centralus', displayName: 'Central US' },
  { name: 'eastus', displayName: 'East US' },
  { name: 'eastus2', displayName: 'East US 2' },
  { name: 'francecentral', displayName: 'France Central' },
  { name: 'germanywestcentral', displayName: 'Germany West Central' },
  { name: 'japaneast', displayName: 'Japan East' },
  { name: 'koreacentral', displayName: 'Korea Central' },
  { name: 'northeurope', displayName: 'North Europe' },
  { name: 'norwayeast', displayName: 'Norway East' },
  { name: 'polandcentral', displayName: 'Poland Central' },
  { name: 'southafricanorth', displayName: 'South Africa North' },
  { name: 'southcentralus', displayName: 'South Central US' },
  { name: 'southeastasia', displayName: 'Southeast Asia' },
  { name: 'spaincentral', displayName: 'Spain Central' },
  { name: 'swedencentral', displayName: 'Sweden Central' },
  { name: 'switzerlandnorth', displayName: 'Switzerland North' },
  { name: 'uksouth', displayName: 'UK South' },
  { name: 'westeurope', displayName: 'West Europe' },
  { name: 'westus2', displayName: 'West US 2' },
  { name: 'westus3', displayName: 'West US 3' },
];

/** A location's name, from the name or the display name in any case; undefined when there is none. */
export const locationOf = (text: string): string | undefined => {
  const name = text.replaceAll(' ', '').toLowerCase();
  return LOCATIONS.find((each) => each.name === name)?.name;
};

export interface Size {
  name: string;
  family: string;
  vCpus: number;
  memoryGb: number;
  nics: number;
  /** Locations that do not sell it. */
  notIn: readonly string[];
}
const size = (
  name: string,
  family: string,
  vCpus: number,
  memoryGb: number,
  nics: number,
  notIn: readonly string[] = [],
): Size => ({ name: `Standard_${name}`, family, vCpus, memoryGb, nics, notIn });
const BS = 'standardBsv2Family';
export const SIZES: readonly Size[] = [
  size('B1s', 'standardBSFamily', 1, 1, 2, ['spaincentral', 'polandcentral']),
  size('B1ms', 'standardBSFamily', 1, 2, 2),
  size('B2s', 'standardBSFamily', 2, 4, 3),
  size('B2ms', 'standardBSFamily', 2, 8, 3),
  size('B2als_v2', BS, 2, 4, 2),
  size('B2as_v2', BS, 2, 8, 2),
  size('B2ats_v2', BS, 2, 1, 2),
  size('B2s_v2', BS, 2, 8, 2),
  size('B2ts_v2', BS, 2, 1, 2),
  size('B4as_v2', BS, 4, 16, 2),
  size('D2as_v5', 'standardDASv5Family', 2, 8, 2),
  size('D4as_v5', 'standardDASv5Family', 4, 16, 2),
  size('D2s_v5', 'standardDSv5Family', 2, 8, 2),
  size('D4s_v5', 'standardDSv5Family', 4, 16, 2),
  size('D2s_v3', 'standardDSv3Family', 2, 8, 2),
];

/** Every image is the host's own file system in the lab; names are what clients ask for. */
export const IMAGES: readonly { publisher: string; offer: string; sku: string; version: string }[] = [
  { publisher: 'Debian', offer: 'debian-12', sku: '12', version: '0.20261110.2291' },
  { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: '0.20261110.2291' },
  { publisher: 'Debian', offer: 'debian-13', sku: '13', version: '0.20261110.2291' },
  { publisher: 'Debian', offer: 'debian-13', sku: '13-gen2', version: '0.20261110.2291' },
  { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: '24.04.202611050' },
  { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server-arm64', version: '24.04.202611050' },
  {
    publisher: 'Canonical',
    offer: '0001-com-ubuntu-server-jammy',
    sku: '22_04-lts-gen2',
    version: '22.04.202611050',
  },
];

/** Limits of a subscription in one location, by the name of their usage; families of sizes have their own. */
export const LIMITS: Readonly<Record<string, number>> = {
  cores: 350,
  virtualMachines: 25_000,
  VirtualNetworks: 1000,
  NetworkSecurityGroups: 5000,
  PublicIPAddresses: 1000,
  IPv4StandardSkuPublicIpAddresses: 1000,
  NetworkInterfaces: 65_536,
  SecurityRules: 1000,
  dnsZones: 1000,
  privateDnsZones: 1000,
  ...Object.fromEntries(SIZES.map(({ family }) => [family, 350])),
};

/** Newest first; each was in use when the lab was made. */
export const API_VERSIONS = {
  resources: ['2025-04-01', '2024-11-01', '2022-12-01', '2022-09-01', '2021-04-01', '2020-06-01'],
  network: ['2026-01-01', '2025-01-01', '2024-05-01', '2023-11-01', '2023-09-01'],
  compute: ['2026-04-01', '2025-04-01', '2024-11-01', '2024-07-01', '2023-09-01'],
  disks: ['2026-03-02', '2025-01-02', '2024-03-02', '2023-10-02'],
  skus: ['2021-07-01', '2019-04-01'],
  dns: ['2018-05-01', '2023-07-01-preview'],
  privateDns: ['2024-06-01', '2020-06-01', '2018-09-01'],
  authorization: ['2022-04-01', '2018-07-01', '2015-07-01'],
  insights: ['2015-04-01'],
  identity: ['2024-11-30', '2023-01-31', '2018-11-30'],
} as const;
