/** `compute.regions`, `.zones`, `.machineTypes`, `.images` and `.projects`: what is there before anything is made. */
import {
  IMAGES,
  type Image,
  MACHINE_TYPES,
  type MachineType,
  regionNames,
  regionOf,
  zoneNames,
  zonesOf,
} from '../catalog.ts';
import { notFound } from '../wire/errors.ts';
import { AGGREGATED, type Call, LISTING, type Method, method } from '../wire/method.ts';
import { link } from '../wire/names.ts';
import { aggregatedAnswer, listAnswer } from '../wire/page.ts';
import { type QuotaName, usedIn } from './quota.ts';

const ROOT = '/compute/v1/projects/:project';
/** When Google Cloud's catalogue was made, in the lab. */
const BEGINNING = '2020-01-01T00:00:00.000Z';

/** @throws GoogleError `notFound` for a region that is none. */
export function checkRegion(projectId: string, region: string | undefined): string {
  if (region === undefined || !regionNames.includes(region))
    throw notFound(`projects/${projectId}/regions/${region}`);
  return region;
}

/** @throws GoogleError `notFound` for a zone that is none. */
export function checkZone(projectId: string, zone: string | undefined): string {
  if (zone === undefined || !zoneNames.includes(zone)) throw notFound(`projects/${projectId}/zones/${zone}`);
  return zone;
}

/** A number as id for something that is never made: from its name. */
const idOf = (text: string) =>
  String(
    [...text].reduce(
      (sum, letter) => (sum * 131n + BigInt(letter.codePointAt(0) ?? 0)) % 8_999_999_999_999_999n,
      7n,
    ),
  );

const showRegion = ({ projectId, project, limitOf }: Call, name: string) => ({
  kind: 'compute#region',
  id: idOf(name),
  creationTimestamp: BEGINNING,
  name,
  description: name,
  status: 'UP',
  zones: zonesOf(name).map((each) => link(`projects/${projectId}/zones/${each}`)),
  quotas: Object.entries(usedIn(project, name)).map(([metric, usage]) => ({
    metric,
    limit: limitOf(metric as QuotaName),
    usage,
  })),
  selfLink: link(`projects/${projectId}/regions/${name}`),
  supportsPzs: false,
});

const showZone = (projectId: string, name: string) => ({
  kind: 'compute#zone',
  id: idOf(name),
  creationTimestamp: BEGINNING,
  name,
  description: name,
  status: 'UP',
  region: link(`projects/${projectId}/regions/${regionOf(name)}`),
  selfLink: link(`projects/${projectId}/zones/${name}`),
  availableCpuPlatforms: ['Intel Broadwell'],
  supportsPzs: false,
});

const showMachineType = (projectId: string, zone: string, it: MachineType) => ({
  kind: 'compute#machineType',
  id: idOf(it.name),
  creationTimestamp: BEGINNING,
  name: it.name,
  description: `${it.guestCpus} vCPU, ${it.memoryMb / 1024} GB RAM`,
  guestCpus: it.guestCpus,
  memoryMb: it.memoryMb,
  imageSpaceGb: 0,
  maximumPersistentDisks: 16,
  maximumPersistentDisksSizeGb: '3072',
  zone,
  selfLink: link(`projects/${projectId}/zones/${zone}/machineTypes/${it.name}`),
  isSharedCpu: it.shared,
  architecture: 'X86_64',
});

const showImage = (it: Image) => ({
  kind: 'compute#image',
  id: idOf(it.name),
  creationTimestamp: BEGINNING,
  name: it.name,
  description: it.description,
  family: it.family,
  status: 'READY',
  architecture: 'X86_64',
  diskSizeGb: String(it.sizeGb),
  archiveSizeBytes: '1000000000',
  sourceType: 'RAW',
  rawDisk: { source: '', containerType: 'TAR' },
  storageLocations: ['us'],
  selfLink: link(`projects/${it.project}/global/images/${it.name}`),
});

export const places: readonly Method[] = [
  method({
    id: 'compute.projects.get',
    http: 'GET',
    path: ROOT,
    permission: 'compute.projects.get',
    changes: false,
    handle: (call) => ({
      kind: 'compute#project',
      id: idOf(call.projectId),
      creationTimestamp: BEGINNING,
      name: call.projectId,
      commonInstanceMetadata: { kind: 'compute#metadata', fingerprint: 'AAAAAAAAAAA=' },
      quotas: (['NETWORKS', 'SUBNETWORKS', 'FIREWALLS'] as const).map((metric) => ({
        metric,
        limit: call.limitOf(metric),
        usage: Object.keys(call.project[metric.toLowerCase() as 'networks' | 'subnetworks' | 'firewalls'])
          .length,
      })),
      selfLink: link(`projects/${call.projectId}`),
      xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
      defaultServiceAccount: `${call.projectNumber}-compute@developer.gserviceaccount.com`,
      defaultNetworkTier: 'PREMIUM',
      vmDnsSetting: 'ZONAL_ONLY',
    }),
  }),
  method({
    id: 'compute.regions.list',
    http: 'GET',
    path: `${ROOT}/regions`,
    permission: 'compute.regions.list',
    query: LISTING,
    changes: false,
    handle: (call) =>
      listAnswer(
        'compute#regionList',
        `projects/${call.projectId}/regions`,
        regionNames.map((each) => showRegion(call, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.regions.get',
    http: 'GET',
    path: `${ROOT}/regions/:region`,
    permission: 'compute.regions.get',
    changes: false,
    handle: (call) => showRegion(call, checkRegion(call.projectId, call.params.region)),
  }),
  method({
    id: 'compute.zones.list',
    http: 'GET',
    path: `${ROOT}/zones`,
    permission: 'compute.zones.list',
    query: LISTING,
    changes: false,
    handle: (call) =>
      listAnswer(
        'compute#zoneList',
        `projects/${call.projectId}/zones`,
        zoneNames.map((each) => showZone(call.projectId, each)),
        call.query,
      ),
  }),
  method({
    id: 'compute.zones.get',
    http: 'GET',
    path: `${ROOT}/zones/:zone`,
    permission: 'compute.zones.get',
    changes: false,
    handle: (call) => showZone(call.projectId, checkZone(call.projectId, call.params.zone)),
  }),
  method({
    id: 'compute.machineTypes.list',
    http: 'GET',
    path: `${ROOT}/zones/:zone/machineTypes`,
    permission: 'compute.machineTypes.list',
    query: LISTING,
    changes: false,
    handle(call) {
      const zone = checkZone(call.projectId, call.params.zone);
      return listAnswer(
        'compute#machineTypeList',
        `projects/${call.projectId}/zones/${zone}/machineTypes`,
        MACHINE_TYPES.map((each) => showMachineType(call.projectId, zone, each)),
        call.query,
      );
    },
  }),
  method({
    id: 'compute.machineTypes.aggregatedList',
    http: 'GET',
    path: `${ROOT}/aggregated/machineTypes`,
    permission: 'compute.machineTypes.list',
    query: AGGREGATED,
    changes: false,
    handle: (call) =>
      aggregatedAnswer(
        'compute#machineTypeAggregatedList',
        `projects/${call.projectId}/aggregated/machineTypes`,
        'machineTypes',
        zoneNames.map((each) => `zones/${each}`),
        (item) => `zones/${String(item.zone)}`,
        zoneNames.flatMap((zone) => MACHINE_TYPES.map((each) => showMachineType(call.projectId, zone, each))),
        call.query,
      ),
  }),
  method({
    id: 'compute.machineTypes.get',
    http: 'GET',
    path: `${ROOT}/zones/:zone/machineTypes/:machineType`,
    permission: 'compute.machineTypes.get',
    changes: false,
    handle(call) {
      const zone = checkZone(call.projectId, call.params.zone);
      const found = MACHINE_TYPES.find((each) => each.name === call.params.machineType);
      if (!found)
        throw notFound(`projects/${call.projectId}/zones/${zone}/machineTypes/${call.params.machineType}`);
      return showMachineType(call.projectId, zone, found);
    },
  }),
  method({
    id: 'compute.images.getFromFamily',
    http: 'GET',
    path: `${ROOT}/global/images/family/:family`,
    permission: 'compute.images.getFromFamily',
    changes: false,
    open: true,
    handle(call) {
      const found = IMAGES.find(
        (each) => each.project === call.projectId && each.family === call.params.family,
      );
      if (!found) throw notFound(`projects/${call.projectId}/global/images/family/${call.params.family}`);
      return showImage(found);
    },
  }),
  method({
    id: 'compute.images.get',
    http: 'GET',
    path: `${ROOT}/global/images/:image`,
    permission: 'compute.images.get',
    changes: false,
    open: true,
    handle(call) {
      const found = IMAGES.find((each) => each.project === call.projectId && each.name === call.params.image);
      if (!found) throw notFound(`projects/${call.projectId}/global/images/${call.params.image}`);
      return showImage(found);
    },
  }),
  method({
    id: 'compute.images.list',
    http: 'GET',
    path: `${ROOT}/global/images`,
    permission: 'compute.images.list',
    query: LISTING,
    changes: false,
    open: true,
    handle: (call) =>
      listAnswer(
        'compute#imageList',
        `projects/${call.projectId}/global/images`,
        IMAGES.filter((each) => each.project === call.projectId).map(showImage),
        call.query,
      ),
  }),
];
