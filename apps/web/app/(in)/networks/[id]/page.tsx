/** A network at a glance. */
import { Cluster, Network } from '@skein/contract/rest/network.ts';
import { OperationSummary } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { load } from '../../../../server/load.ts';
import { Overview } from './overview.tsx';

export default async function NetworkPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [network, clusters, operations] = await Promise.all([
    load(`/networks/${id}`, Network),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
    load(`/operations?networkId=${id}&limit=1`, pageOf(OperationSummary)),
  ]);
  return <Overview network={network} clusters={clusters} operations={operations} />;
}
