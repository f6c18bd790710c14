/** What a teardown left in the clouds, asked with the official SDKs. */
import type { LabAccounts } from '@skein/local/lab.ts';
import { awsRemains } from './clouds/aws.ts';
import { azureRemains } from './clouds/azure.ts';
import { gcpRemains } from './clouds/gcp.ts';

/** Kind and id of everything that is still there, in each cloud. */
export async function readRemains(
  accounts: LabAccounts,
  networkId: string,
  awsRegions: readonly string[],
): Promise<string[]> {
  return [
    ...(await awsRemains(accounts, networkId, awsRegions)),
    ...(await gcpRemains(accounts)),
    ...(await azureRemains(accounts)),
  ];
}
