/** Makes a network: first what is wanted, then what would be made, then the making. */
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import type { Metadata } from 'next';
import { load } from '../../../../server/load.ts';
import { Wizard } from './wizard.tsx';

export const metadata: Metadata = { title: 'New network' };

export default async function NewNetworkPage() {
  const [accounts, providers] = await Promise.all([
    load('/cloud-accounts', pageOf(CloudAccount)),
    load('/providers', pageOf(ProviderInfo)),
  ]);
  return <Wizard accounts={accounts.items} providers={providers.items} />;
}
