/** What an account must be allowed for its DNS, beside what its cloud needs. */
import type { Permission } from '@skein/clouds/provider.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { permissions as azureDns } from './azure-dns/permissions.ts';
import { permissions as cloudDns } from './cloud-dns/permissions.ts';
import { permissions as route53 } from './route53/permissions.ts';

export const DNS_PERMISSIONS: { readonly [Id in ProviderId]: readonly Permission[] } = {
  aws: route53,
  gcp: cloudDns,
  azure: azureDns,
};
