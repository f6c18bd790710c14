import type { Permission } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { DNS_PERMISSIONS } from '@skein/dns/permissions.ts';

/**
 * Everything that Skein does in an account of this cloud, its DNS included.
 * @param nodeIdentity whether nodes there have an identity of their own in the cloud
 */
export function permissionsFor(provider: ProviderId, nodeIdentity: boolean): Permission[] {
  const { permissions, nodeIdentityPermissions } = REGISTRY[provider].provider;
  const all = [
    ...permissions,
    ...DNS_PERMISSIONS[provider],
    ...(nodeIdentity ? nodeIdentityPermissions : []),
  ];
  // A cloud and its DNS may need the same: one line is enough.
  return [...new Map(all.map((one) => [one.action, one])).values()];
}
