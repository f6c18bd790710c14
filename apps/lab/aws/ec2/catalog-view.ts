/** Describing what AWS offers: images, instance types, regions, zones. */
import { REGIONS } from '../region.ts';
import { AwsError } from '../wire/error.ts';
import { type Ec2Actions, reads } from './call.ts';
import { INSTANCE_TYPES, imagesOf } from './catalog.ts';
import { selectRows } from './filter.ts';

export const catalogActions: Ec2Actions = {
  DescribeImages: reads(({ params, region, account }) => {
    const ids = params.list('ImageId');
    const owners = params.list('Owner').map((owner) => (owner === 'self' ? account.accountId : owner));
    // Every image of the lab is public, in use and not deprecated: these choose nothing away.
    params.list('ExecutableBy');
    params.bool('IncludeDeprecated');
    params.bool('IncludeDisabled');
    const all = imagesOf(region);
    for (const id of ids) {
      if (!/^ami-[0-9a-f]{8,17}$/.test(id))
        throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
      if (!all.some((image) => image.id === id))
        throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
    }
    const rows = all.filter(
      (image) =>
        (ids.length === 0 || ids.includes(image.id)) &&
        (owners.length === 0 || owners.includes(image.ownerId) || owners.includes(image.ownerAlias ?? '')),
    );
    const { page, nextToken } = selectRows(params, rows, {
      'image-id': (image) => image.id,
      name: (image) => image.name,
      description: (image) => image.description,
      architecture: (image) => image.architecture,
      'owner-id': (image) => image.ownerId,
      'owner-alias': (image) => image.ownerAlias,
      state: () => 'available',
      'is-public': () => true,
      'root-device-type': () => 'ebs',
      'virtualization-type': () => 'hvm',
      'image-type': () => 'machine',
      'block-device-mapping.volume-type': () => 'gp3',
    });
    return {
      imagesSet: {
        item: page.map((image) => ({
          imageId: image.id,
          imageLocation: `${image.ownerAlias ?? image.ownerId}/${image.name}`,
          imageState: 'available',
          imageOwnerId: image.ownerId,
          imageOwnerAlias: image.ownerAlias,
          creationDate: '2026-11-10T00:00:00.000Z',
          isPublic: true,
          architecture: image.architecture,
          imageType: 'machine',
          name: image.name,
          description: image.description,
          rootDeviceName: image.rootDevice,
          rootDeviceType: 'ebs',
          virtualizationType: 'hvm',
          hypervisor: 'xen',
          enaSupport: true,
          platformDetails: 'Linux/UNIX',
          blockDeviceMapping: {
            item: [
              {
                deviceName: image.rootDevice,
                ebs: { volumeSize: 8, volumeType: 'gp3', deleteOnTermination: true, encrypted: false },
              },
            ],
          },
        })),
      },
      nextToken,
    };
  }),

  DescribeInstanceTypes: reads(({ params }) => {
    const names = params.list('InstanceType');
    const wrong = names.filter((name) => !Object.hasOwn(INSTANCE_TYPES, name));
    if (wrong.length > 0)
      throw new AwsError(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${wrong.join(', ')}]`,
      );
    const rows = Object.entries(INSTANCE_TYPES)
      .filter(([name]) => names.length === 0 || names.includes(name))
      .map(([name, type]) => ({ name, ...type }));
    const { page, nextToken } = selectRows(params, rows, {
      'instance-type': (row) => row.name,
      'current-generation': () => true,
      'processor-info.supported-architecture': (row) => row.architecture,
    });
    return {
      instanceTypeSet: {
        item: page.map((row) => ({
          instanceType: row.name,
          currentGeneration: true,
          hypervisor: 'nitro',
          vCpuInfo: { defaultVCpus: row.vcpus },
          memoryInfo: { sizeInMiB: row.memoryMebibytes },
          processorInfo: { supportedArchitectures: { item: [row.architecture] } },
          supportedRootDeviceTypes: { item: ['ebs'] },
          supportedVirtualizationTypes: { item: ['hvm'] },
        })),
      },
      nextToken,
    };
  }),

  DescribeRegions: reads(({ params }) => {
    // All the lab's regions are opted in, so that asking for the others too adds none.
    params.bool('AllRegions');
    const names = params.list('RegionName');
    for (const name of names)
      if (!Object.hasOwn(REGIONS, name))
        throw new AwsError('InvalidParameterValue', `Invalid region name: ${name}`);
    const rows = Object.keys(REGIONS)
      .filter((name) => names.length === 0 || names.includes(name))
      .map((name) => ({ name }));
    const { page } = selectRows(params, rows, {
      'region-name': (row) => row.name,
      endpoint: (row) => `ec2.${row.name}.amazonaws.com`,
      'opt-in-status': () => 'opt-in-not-required',
    });
    return {
      regionInfo: {
        item: page.map(({ name }) => ({
          regionName: name,
          regionEndpoint: `ec2.${name}.amazonaws.com`,
          optInStatus: 'opt-in-not-required',
        })),
      },
    };
  }),

  DescribeAvailabilityZones: reads(({ params, region }) => {
    params.bool('AllAvailabilityZones');
    const names = params.list('ZoneName');
    const ids = params.list('ZoneId');
    const all = REGIONS[region]?.zones ?? [];
    for (const name of names)
      if (!all.some((zone) => zone.name === name))
        throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${name}]`);
    const rows = all
      .filter(
        (zone) =>
          (names.length === 0 || names.includes(zone.name)) && (ids.length === 0 || ids.includes(zone.id)),
      )
      .map((zone) => ({ ...zone }));
    const { page } = selectRows(params, rows, {
      'zone-name': (zone) => zone.name,
      'zone-id': (zone) => zone.id,
      'zone-type': () => 'availability-zone',
      'region-name': () => region,
      state: () => 'available',
      'opt-in-status': () => 'opt-in-not-required',
      'group-name': () => region,
    });
    return {
      availabilityZoneInfo: {
        item: page.map((zone) => ({
          zoneName: zone.name,
          zoneId: zone.id,
          zoneState: 'available',
          zoneType: 'availability-zone',
          regionName: region,
          groupName: region,
          networkBorderGroup: region,
          optInStatus: 'opt-in-not-required',
          messageSet: {},
        })),
      },
    };
  }),
};
