/** Azure DNS. */
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import { DnsError, type DnsProvider } from '../provider.ts';

export const azureDns: DnsProvider<AzureCredentials> = {
  id: 'azure',
  title: 'Azure DNS',
  connect() {
    throw new DnsError('unavailable', 'Azure DNS is being built.');
  },
};
