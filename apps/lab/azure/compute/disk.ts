/** Managed disks: made with a machine only. */
import { z } from 'zod';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { standing } from '../network/virtual-network.ts';
import { DISK, MACHINE } from '../type.ts';
import { resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';

export interface Disk {
  sizeGb: number;
  /** Key of the machine that it was made with. */
  managedBy: string;
  image: string;
}

const Body = resourceBody(z.looseObject({}).default({}), { sku: shown, managedBy: shown, zones: shown });

export const diskKind: Kind = kind<z.infer<typeof Body>, Disk>({
  type: DISK,
  apiVersions: API_VERSIONS.disks,
  place: 'regional',
  instant: false,
  name: /^[\w][\w.-]{0,78}\w$/,
  body: Body,
  write() {
    throw new ArmError(400, 'OperationNotAllowed', 'The lab makes disks with their machines only.');
  },
  show: (it, view) => {
    const user = standing(view.subscription, it.properties.managedBy, MACHINE);
    return {
      osType: 'Linux',
      diskSizeGB: it.properties.sizeGb,
      diskState: user ? 'Attached' : 'Unattached',
      timeCreated: it.createdAt,
      uniqueId: it.guid,
      creationData: { createOption: 'FromImage' },
    };
  },
  holders: (it, subscription) => {
    const user = standing(subscription, it.properties.managedBy, MACHINE);
    return user ? [user.id] : [];
  },
  held: (it, holders) =>
    new ArmError(
      409,
      'OperationNotAllowed',
      `Disk ${it.name} is attached to VM ${holders.join(', ')}. It cannot be deleted while it is in use.`,
    ),
});
