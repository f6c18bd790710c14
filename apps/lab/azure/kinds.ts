/** Every kind of resource that the lab has. */
import { diskKind } from './compute/disk.ts';
import { machineKind } from './compute/virtual-machine.ts';
import { recordKind, TYPES } from './dns/record-set.ts';
import { linkKind, privateZoneKind, zoneKind } from './dns/zone.ts';
import { identityKind } from './identity.ts';
import type { Kind } from './kind.ts';
import { interfaceKind } from './network/network-interface.ts';
import { peeringKind } from './network/peering.ts';
import { publicAddressKind } from './network/public-address.ts';
import { ruleKind, securityGroupKind } from './network/security-group.ts';
import { networkKind, subnetKind } from './network/virtual-network.ts';
import { PRIVATE_ZONE, ZONE } from './type.ts';

export const KINDS: readonly Kind[] = [
  networkKind,
  subnetKind,
  peeringKind,
  securityGroupKind,
  ruleKind,
  publicAddressKind,
  interfaceKind,
  machineKind,
  diskKind,
  identityKind,
  zoneKind,
  privateZoneKind,
  linkKind,
  ...TYPES.map((type) => recordKind(ZONE, type)),
  ...TYPES.map((type) => recordKind(PRIVATE_ZONE, type)),
];
