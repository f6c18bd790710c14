/** An AWS account as it is connected to, and how its requests are sent: all but what signs them. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import type { OwnIdentity } from '../own-identity.ts';

export interface AwsAccount {
  credentials: AwsCredentials;
  endpoint: string | null;
  region: string;
  identity: OwnIdentity;
}

export const requestSettings = ({ endpoint, region }: Pick<AwsAccount, 'endpoint' | 'region'>) => ({
  region,
  ...(endpoint === null ? {} : { endpoint }),
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
});
