/** What the clouds hold for a network. */
import { CloudResource, Cluster } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { load } from '../../../../../server/load.ts';
import { ResourceTable } from './table.tsx';

export default async function Resources({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [resources, clusters] = await Promise.all([
    load(`/networks/${id}/resources`, pageOf(CloudResource)),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
  ]);
  return <ResourceTable networkId={id} resources={resources} clusters={clusters.items} />;
}
