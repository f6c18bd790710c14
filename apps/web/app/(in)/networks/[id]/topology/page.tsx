/** The network as it is now: clouds, clusters, peers and the links between them. */
import { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { TopologyView } from '@skein/contract/rest/peer.ts';
import { load } from '../../../../../server/load.ts';
import { Topology } from './topology.tsx';

export default async function TopologyPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [view, clusters] = await Promise.all([
    load(`/networks/${id}/topology`, TopologyView),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
  ]);
  return <Topology networkId={id} initial={view} clusters={clusters.items} />;
}
