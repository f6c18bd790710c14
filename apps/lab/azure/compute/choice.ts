/** Sizes and images that a machine may have, and the room there is for it. */
import { IMAGES, SIZES, type Size } from '../catalog.ts';
import type { Call } from '../pipeline.ts';
import { ofType, type Subscription } from '../state.ts';
import { MACHINE } from '../type.ts';
import { ArmError } from '../wire/error.ts';
import type { VirtualMachine } from './virtual-machine.ts';

/** @throws ArmError for a size that is none, or is not sold there */
export function sizeOf(name: string, location: string): Size {
  const size = SIZES.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!size)
    throw new ArmError(
      400,
      'InvalidParameter',
      `The value ${name} provided for the VM size is not valid. The valid sizes in the current region are: ${SIZES.map((each) => each.name).join(',')}.`,
      { target: 'vmSize' },
    );
  if (size.notIn.includes(location))
    throw new ArmError(
      409,
      'SkuNotAvailable',
      `The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: ${size.name}' is currently not available in location '${location}'. Please try another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for details.`,
    );
  return size;
}

/** @throws ArmError 404 for an image that is none */
export function imageOf(
  asked: { publisher: string; offer: string; sku: string; version: string } | undefined,
): VirtualMachine['image'] {
  const image = IMAGES.find(
    (each) =>
      asked !== undefined &&
      (['publisher', 'offer', 'sku'] as const).every(
        (key) => each[key].toLowerCase() === asked[key].toLowerCase(),
      ) &&
      ['latest', each.version].includes(asked.version),
  );
  if (!asked || !image)
    throw new ArmError(
      404,
      'PlatformImageNotFound',
      `The platform image '${asked ? [asked.publisher, asked.offer, asked.sku, asked.version].join(':') : ''}' is not available. Verify that all fields in the storage profile are correct. For more details about storage profile information, please refer to https://aka.ms/storageprofile`,
      { target: 'imageReference' },
    );
  return { ...image, version: asked.version, exactVersion: image.version };
}

/** vCPUs in use in a location, of one family of sizes or of all. */
export function coresIn(subscription: Subscription, location: string, family: string | null): number {
  return ofType<VirtualMachine>(subscription, MACHINE)
    .filter((each) => each.location === location)
    .map(({ properties }) => SIZES.find((size) => size.name === properties.size))
    .filter((size) => size !== undefined && (family === null || size.family === family))
    .reduce((sum, size) => sum + (size?.vCpus ?? 0), 0);
}

/** @param instead the size that it has now, if it is there. @throws ArmError 409 */
export function checkRoom(call: Call, location: string, size: Size, instead: string | null): void {
  const { limits, subscription } = call;
  const before = SIZES.find((each) => each.name === instead);
  const machines = ofType(subscription, MACHINE).filter((each) => each.location === location).length;
  const wants = [
    [
      'Total Regional Cores',
      'cores',
      coresIn(subscription, location, null),
      size.vCpus - (before?.vCpus ?? 0),
    ],
    [
      `${size.family} Cores`,
      size.family,
      coresIn(subscription, location, size.family),
      size.vCpus - (before?.family === size.family ? before.vCpus : 0),
    ],
    ['Virtual Machines', 'virtualMachines', machines, instead === null ? 1 : 0],
  ] as const;
  for (const [words, name, used, more] of wants)
    if (more > 0 && limits.full(name, used + more))
      throw new ArmError(
        409,
        'QuotaExceeded',
        `Operation could not be completed as it results in exceeding approved ${words} quota. Additional details - Deployment Model: Resource Manager, Location: ${location}, Current Limit: ${limits.limitOf(name)}, Current Usage: ${used}, Additional Required: ${more}, (Minimum) New Limit Required: ${used + more}.`,
      );
}
