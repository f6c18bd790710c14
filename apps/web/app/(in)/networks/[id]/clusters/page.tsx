/** Clusters of a network: add one, add nodes. */
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { ProviderInfo } from '@skein/contract/rest/provider.ts';
import { load } from '../../../../../server/load.ts';
import { Clusters } from './clusters.tsx';

export default async function ClustersPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [clusters, accounts, providers] = await Promise.all([
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
    load('/cloud-accounts', pageOf(CloudAccount)),
    load('/providers', pageOf(ProviderInfo)),
  ]);
  return <Clusters networkId={id} initial={clusters} accounts={accounts.items} providers={providers.items} />;
}
