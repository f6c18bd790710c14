/** What the clouds hold otherwise than they should. */
import { DriftFinding } from '@skein/contract/rest/drift.ts';
import { Cluster, Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { load } from '../../../../../server/load.ts';
import { Drift } from './drift.tsx';

export default async function DriftPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [network, findings, clusters] = await Promise.all([
    load(`/networks/${id}`, Network),
    load(`/networks/${id}/drift`, pageOf(DriftFinding)),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
  ]);
  return <Drift initial={network} findings={findings} clusters={clusters.items} />;
}
