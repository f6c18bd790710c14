/** What Google Cloud offers in the lab: regions, zones, machine types, images. */

export const REGIONS: Readonly<Record<string, readonly string[]>> = {
  'asia-east1': ['a', 'b', 'c'],
  'asia-northeast1': ['a', 'b', 'c'],
  'asia-south1': ['a', 'b', 'c'],
  'asia-southeast1': ['a', 'b', 'c'],
  'australia-southeast1': ['a', 'b', 'c'],
  'europe-north1': ['a', 'b', 'c'],
  'europe-west1': ['b', 'c', 'd'],
  'europe-west2': ['a', 'b', 'c'],
  'europe-west3': ['a', 'b', 'c'],
  'europe-west4': ['a', 'b', 'c'],
  'northamerica-northeast1': ['a', 'b', 'c'],
  'southamerica-east1': ['a', 'b', 'c'],
  'us-central1': ['a', 'b', 'c', 'f'],
  'us-east1': ['b', 'c', 'd'],
  'us-east4': ['a', 'b', 'c'],
  'us-west1': ['a', 'b', 'c'],
  'us-west2': ['a', 'b', 'c'],
};

export const regionNames = Object.keys(REGIONS);
export const zonesOf = (region: string): string[] =>
  (REGIONS[region] ?? []).map((letter) => `${region}-${letter}`);
export const zoneNames = regionNames.flatMap(zonesOf);
export const regionOf = (zone: string): string => zone.slice(0, zone.lastIndexOf('-'));

export interface MachineType {
  name: string;
  guestCpus: number;
  memoryMb: number;
  shared: boolean;
}
const type = (name: string, guestCpus: number, memoryMb: number, shared = false): MachineType => ({
  name,
  guestCpus,
  memoryMb,
  shared,
});
/** The same in every zone. */
export const MACHINE_TYPES: readonly MachineType[] = [
  type('e2-medium', 2, 4096, true),
  type('e2-micro', 2, 1024, true),
  type('e2-small', 2, 2048, true),
  type('e2-standard-2', 2, 8192),
  type('e2-standard-4', 4, 16384),
  type('e2-standard-8', 8, 32768),
  type('f1-micro', 1, 614, true),
  type('g1-small', 1, 1740, true),
  type('n2-standard-2', 2, 8192),
  type('n2-standard-4', 4, 16384),
];

export interface Image {
  project: string;
  name: string;
  family: string;
  description: string;
  sizeGb: number;
}
/** Every one of them is the host's own file system in the lab; names are what clients ask for. */
export const IMAGES: readonly Image[] = [
  {
    project: 'debian-cloud',
    name: 'debian-12-bookworm-v20261110',
    family: 'debian-12',
    description: 'Debian, Debian GNU/Linux, 12 (bookworm), amd64 built on 20261110',
    sizeGb: 10,
  },
  {
    project: 'debian-cloud',
    name: 'debian-13-trixie-v20261110',
    family: 'debian-13',
    description: 'Debian, Debian GNU/Linux, 13 (trixie), amd64 built on 20261110',
    sizeGb: 10,
  },
  {
    project: 'ubuntu-os-cloud',
    name: 'ubuntu-2404-noble-amd64-v20261105',
    family: 'ubuntu-2404-lts-amd64',
    description: 'Canonical, Ubuntu, 24.04 LTS, amd64 noble image built on 20261105',
    sizeGb: 10,
  },
];
