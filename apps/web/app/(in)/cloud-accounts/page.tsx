/** Credentials for the clouds. */
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { Accounts } from './accounts.tsx';

export const metadata: Metadata = { title: 'Cloud accounts' };

export default async function CloudAccountsPage() {
  const [accounts, providers] = await Promise.all([
    load('/cloud-accounts', pageOf(CloudAccount)),
    load('/providers', pageOf(ProviderInfo)),
  ]);
  return <Accounts initial={accounts} providers={providers.items} />;
}
