/** All resources of a subscription in a region. Importing this file loads Azure's SDK. */
import type { AzureCredentials } from '@skein/contract/rest/account.ts';
import type { OwnIdentity } from '../own-identity.ts';
import { type Cloud, CloudError } from '../provider.ts';

export interface AzureAccount {
  credentials: AzureCredentials;
  endpoint: string | null;
  region: string;
  identity: OwnIdentity;
}

export function resources(account: AzureAccount): Omit<Cloud, 'holder'> {
  throw new CloudError('unavailable', `Azure in ${account.region} is being built.`);
}
