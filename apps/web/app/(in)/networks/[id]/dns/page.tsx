/** Names, and what each view of them answers. */
import { Cluster, DnsRecord, Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { load } from '../../../../../server/load.ts';
import { RecordTable } from './table.tsx';

export default async function Dns({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [network, records, clusters] = await Promise.all([
    load(`/networks/${id}`, Network),
    load(`/networks/${id}/records`, pageOf(DnsRecord)),
    load(`/networks/${id}/clusters`, pageOf(Cluster)),
  ]);
  return <RecordTable network={network} records={records} clusters={clusters.items} />;
}
