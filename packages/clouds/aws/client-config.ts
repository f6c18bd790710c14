/** What every AWS client of an account is made with. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';

export interface AwsAccount {
  credentials: AwsCredentials;
  endpoint: string | null;
  region: string;
}

export function clientConfig({ credentials, endpoint, region }: AwsAccount) {
  const { accessKeyId, secretAccessKey } = credentials;
  return {
    region,
    credentials: { accessKeyId, secretAccessKey },
    ...(endpoint === null ? {} : { endpoint }),
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  };
}
