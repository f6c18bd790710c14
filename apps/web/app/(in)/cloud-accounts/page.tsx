/** Credentials for the clouds. */
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { DriftFinding } from '@skein/contract/rest/drift.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { Accounts } from './accounts.tsx';
import { Orphans } from './orphans.tsx';

export const metadata: Metadata = { title: 'Cloud accounts' };

export default async function CloudAccountsPage() {
  const [accounts, providers] = await Promise.all([
    load('/cloud-accounts', pageOf(CloudAccount)),
    load('/providers', pageOf(ProviderInfo)),
  ]);
  const orphans = await Promise.all(
    accounts.items.map(({ id }) => load(`/cloud-accounts/${id}/orphans`, pageOf(DriftFinding))),
  );
  return (
    <>
      <Accounts initial={accounts} providers={providers.items} />
      {accounts.items.map((account, index) => (
        <div key={account.id} className="mt-9">
          <Orphans account={account} initial={orphans[index] ?? { items: [], next: null }} />
        </div>
      ))}
    </>
  );
}
