/** Every kind of resource that the lab has. */
import type { Kind } from './kind.ts';
import { interfaceKind } from './network/network-interface.ts';
import { peeringKind } from './network/peering.ts';
import { publicAddressKind } from './network/public-address.ts';
import { ruleKind, securityGroupKind } from './network/security-group.ts';
import { networkKind, subnetKind } from './network/virtual-network.ts';

export const KINDS: readonly Kind[] = [
  networkKind,
  subnetKind,
  peeringKind,
  securityGroupKind,
  ruleKind,
  publicAddressKind,
  interfaceKind,
];
