/** What `compute.instances.insert` takes: its checks, and the instance that comes of it. */

import { formatAddress, parseAddress, parseRange } from '../../ground/ranges.ts';
import { IMAGES, MACHINE_TYPES, regionOf } from '../catalog.ts';
import type { Instance, Operation, Project, Subnetwork } from '../state.ts';
import { GoogleError, invalid, required } from '../wire/errors.ts';
import type { Call } from '../wire/method.ts';
import { checkLabels, checkName, referenceName, referencePath } from '../wire/names.ts';
import { addressInUse, externalOf } from './access-config.ts';
import { type InstanceBody, KEPT } from './instance-shape.ts';
import { networkOf } from './networks.ts';
import { subnetworkOf } from './subnetworks.ts';

type InstanceNic = NonNullable<InstanceBody['networkInterfaces']>[number];

export type Made =
  | { ok: true; instance: Instance }
  /** Google takes such calls and says why not in the operation. */
  | { ok: false; error: NonNullable<Operation['error']> };

/** The instance a body asks for. @throws GoogleError for what Google refuses at once. */
export function makeInstance(call: Call<InstanceBody>, zone: string, id: string): Made {
  const { body } = call;
  const name = checkName(body.name);
  const machineType = checkMachineType(call, zone);
  const nics = body.networkInterfaces ?? [];
  const nic = nics[0];
  if (!nic) throw invalid('resource.networkInterfaces', '', 'At least one network interface is required.');
  if (nics.length > 1)
    throw invalid('resource.networkInterfaces', '', 'The lab gives an instance one network interface.');
  const subnet = checkSubnet(call, nic, zone);
  const placed = place(call.project, subnet, nic.networkIP);
  const external = externalOf(
    call,
    nic.accessConfigs ?? [],
    regionOf(zone),
    'resource.networkInterfaces[0].accessConfigs',
  );
  const disk = checkDisk(call, name, zone);
  const metadata = checkMetadata(body.metadata?.items);
  const tags = checkTags(body.tags?.items);
  const labels = checkLabels(body.labels);
  if (!placed.ok) return placed;
  if (!external.ok) return external;
  const createdAt = call.now.toISOString();
  return {
    ok: true,
    instance: {
      id,
      name,
      createdAt,
      description: body.description ?? '',
      zone,
      machineType,
      status: 'PROVISIONING',
      statusMessage: null,
      hostname: body.hostname || null,
      tags,
      labels,
      metadata,
      canIpForward: body.canIpForward ?? false,
      deletionProtection: body.deletionProtection ?? false,
      network: subnet.network,
      subnetwork: subnet.name,
      privateAddress: placed.address,
      external: external.external,
      disk,
      startedAt: createdAt,
      stoppedAt: null,
      kept: Object.fromEntries(KEPT.flatMap((key) => (body[key] === undefined ? [] : [[key, body[key]]]))),
    },
  };
}

function checkMachineType(call: Call<InstanceBody>, zone: string): string {
  const field = 'resource.machineType';
  const text = call.body.machineType;
  if (!text) throw required(field);
  const { name, scope } = referenceName(text, call.projectId, field, 'projects/*/zones/*/machineTypes/*');
  if (scope !== zone)
    throw invalid(field, text, `Machine type is in another zone than the instance ('${zone}').`);
  if (!MACHINE_TYPES.some((each) => each.name === name))
    throw invalid(field, text, `Machine type with name '${name}' does not exist in zone '${zone}'.`);
  return name;
}

function checkSubnet(call: Call<InstanceBody>, nic: InstanceNic, zone: string): Subnetwork {
  const field = 'resource.networkInterfaces[0]';
  if (nic.stackType && nic.stackType !== 'IPV4_ONLY')
    throw invalid(`${field}.stackType`, nic.stackType, 'The lab has IPv4 only.');
  const network = nic.network ? networkOf(call, nic.network, `${field}.network`) : undefined;
  if (!nic.subnetwork) {
    if (!network) throw required(`${field}.subnetwork`);
    throw invalid(`${field}.subnetwork`, '', 'Subnetwork should be specified for custom subnetmode network');
  }
  const subnet = subnetworkOf(call, nic.subnetwork, `${field}.subnetwork`);
  if (subnet.region !== regionOf(zone))
    throw invalid(
      `${field}.subnetwork`,
      nic.subnetwork,
      `The subnetwork is in region '${subnet.region}', the instance in '${regionOf(zone)}'.`,
    );
  if (network && network.name !== subnet.network)
    throw new GoogleError(
      400,
      'badRequest',
      `Subnetwork "${nic.subnetwork}" is not valid for Network "${network.name}".`,
    );
  return subnet;
}

/** Google keeps a range's first two and last two addresses: network, router, one reserved, broadcast. */
function place(
  project: Project,
  subnet: Subnetwork,
  wanted: string | undefined,
): { ok: true; address: string } | Extract<Made, { ok: false }> {
  const range = parseRange(subnet.cidr);
  if (!range) throw new Error(`subnet ${subnet.name} has no range`);
  const taken = new Set(
    Object.values(project.instances)
      .filter((each) => each.network === subnet.network)
      .map((each) => each.privateAddress),
  );
  if (wanted) {
    const value = parseAddress(wanted);
    if (value === undefined || value < range.from + 2 || value > range.to - 2)
      throw invalid(
        'resource.networkInterfaces[0].networkIP',
        wanted,
        `The address is not within the usable range of subnetwork '${subnet.name}' (${subnet.cidr}).`,
      );
    return taken.has(wanted)
      ? { ok: false, error: addressInUse(`IP '${wanted}' is already being used by another resource.`) }
      : { ok: true, address: wanted };
  }
  for (let value = range.from + 2; value <= range.to - 2; value += 1)
    if (!taken.has(formatAddress(value))) return { ok: true, address: formatAddress(value) };
  return {
    ok: false,
    error: {
      code: 'IP_SPACE_EXHAUSTED',
      message: `IP space of '${subnet.name}' is exhausted. Insufficient free IP addresses in the IP range '${subnet.cidr}'.`,
      httpStatus: 400,
      httpMessage: 'BAD REQUEST',
    },
  };
}

function checkDisk(call: Call<InstanceBody>, instanceName: string, zone: string): Instance['disk'] {
  const disks = call.body.disks ?? [];
  const disk = disks[0];
  if (!disk) throw invalid('resource.disks', '', 'At least one boot disk is required.');
  if (disks.length > 1) throw invalid('resource.disks', '', 'The lab gives an instance its boot disk only.');
  if (disk.boot !== true)
    throw invalid('resource.disks[0].boot', disk.boot ?? '', 'The first disk must be a boot disk.');
  const field = 'resource.disks[0].initializeParams';
  const from = disk.initializeParams;
  if (!from?.sourceImage) throw required(`${field}.sourceImage`);
  const path = referencePath(from.sourceImage, call.projectId, `${field}.sourceImage`);
  const image = IMAGES.find(
    (each) =>
      path === `projects/${each.project}/global/images/family/${each.family}` ||
      path === `projects/${each.project}/zones/-/imageFamilyViews/${each.family}` ||
      path === `projects/${each.project}/global/images/${each.name}`,
  );
  if (!image)
    throw invalid(`${field}.sourceImage`, from.sourceImage, 'The referenced image resource cannot be found.');
  const type = from.diskType
    ? referenceName(from.diskType, call.projectId, `${field}.diskType`, 'projects/*/zones/*/diskTypes/*')
    : { name: 'pd-standard', scope: zone };
  if (type.scope !== zone)
    throw invalid(
      `${field}.diskType`,
      from.diskType,
      `The disk type is in another zone than the instance ('${zone}').`,
    );
  const sizeGb = from.diskSizeGb ?? disk.diskSizeGb ?? String(image.sizeGb);
  if (Number(sizeGb) < image.sizeGb)
    throw invalid(
      `${field}.diskSizeGb`,
      sizeGb,
      `Requested disk size cannot be smaller than the image size (${image.sizeGb} GB)`,
    );
  return {
    name: from.diskName ? checkName(from.diskName, `${field}.diskName`) : instanceName,
    deviceName: disk.deviceName || 'persistent-disk-0',
    sizeGb,
    image: `projects/${image.project}/global/images/${image.name}`,
    type: type.name,
    autoDelete: disk.autoDelete ?? false,
  };
}

/** @throws GoogleError `invalid` for a bad key, a key twice, or too much text (262,144 bytes a value, 524,288 in all). */
export function checkMetadata(items: NonNullable<InstanceBody['metadata']>['items']): Instance['metadata'] {
  const seen = new Set<string>();
  let bytes = 0;
  return (items ?? []).map((each, index) => {
    const field = `resource.metadata.items[${index}]`;
    const key = each.key ?? '';
    const value = each.value ?? '';
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(key))
      throw invalid(`${field}.key`, key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'");
    if (seen.has(key)) throw invalid('resource.metadata', key, `Metadata has duplicate key: ${key}`);
    seen.add(key);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (Buffer.byteLength(value) > 262_144 || bytes > 524_288)
      throw invalid(`${field}.value`, `${value.slice(0, 20)}…`, 'The metadata is too large.');
    return { key, value };
  });
}

/** @throws GoogleError `invalid` for a bad tag or more than 64. */
export function checkTags(items: readonly string[] | undefined): string[] {
  const tags = [...(items ?? [])];
  if (tags.length > 64) throw invalid('resource.tags', '', 'There are at most 64 tags.');
  for (const [index, tag] of tags.entries())
    if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(tag))
      throw invalid(
        `resource.tags.items[${index}]`,
        tag,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      );
  if (new Set(tags).size < tags.length)
    throw invalid('resource.tags', tags.join(','), 'Tags must be unique.');
  return tags.sort();
}
