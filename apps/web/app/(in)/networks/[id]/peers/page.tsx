/** All peers of a network. */
import { Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Peer } from '@skein/contract/rest/peer.ts';
import { load } from '../../../../../server/load.ts';
import { PeerTable } from './table.tsx';

export default async function Peers({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [peers, clusters] = await Promise.all([
    load(`/networks/${id}/peers?limit=200`, pageOf(Peer)),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
  ]);
  return <PeerTable networkId={id} peers={peers} clusters={clusters.items} />;
}
