/** One cloud account: what is missing in it, what to grant it, what was left behind in it. */
import { CloudAccount, Preflight } from '@skein/contract/rest/account.ts';
import { DriftFinding } from '@skein/contract/rest/drift.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import type { Metadata } from 'next';
import { load } from '../../../../server/load.ts';
import { Grant } from '../../../../ui/grant.tsx';
import { Mono, PageHeader, Section } from '../../../../ui/page.tsx';
import { providerName } from '../../../../ui/words.ts';
import { Orphans } from '../orphans.tsx';
import { Preflights } from './preflights.tsx';

export const metadata: Metadata = { title: 'Cloud account' };

export default async function CloudAccountPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [account, providers, preflights, orphans] = await Promise.all([
    load(`/cloud-accounts/${id}`, CloudAccount),
    load('/providers', pageOf(ProviderInfo)),
    load(`/cloud-accounts/${id}/preflights`, pageOf(Preflight)),
    load(`/cloud-accounts/${id}/orphans`, pageOf(DriftFinding)),
  ]);
  const provider = providers.items.find((one) => one.id === account.provider);
  return (
    <>
      <PageHeader
        within={{ href: '/cloud-accounts', title: 'Cloud accounts' }}
        title={account.name}
        lead={
          <>
            {providerName(account.provider)}, {account.keyless ? 'keyless' : 'by a key that is kept here'}.{' '}
            {account.identity && (
              <>
                The cloud says we are <Mono>{account.identity}</Mono>.
              </>
            )}
          </>
        }
      />
      {provider?.clusters && (
        <>
          <Preflights accountId={id} provider={provider} initial={preflights} />
          <Section
            title="What to grant"
            lead="Exactly what Skein does in this account, and nothing more. Paste it again after an update of Skein."
          >
            <Grant path={`/cloud-accounts/${id}/grant`} />
          </Section>
        </>
      )}
      <Orphans account={account} initial={orphans} />
    </>
  );
}
