/** Services that answer across clusters, and from where. */
import { Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { Service } from '@skein/contract/rest/service.ts';
import { load } from '../../../../../server/load.ts';
import { Services } from './services.tsx';

export default async function ServicesPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [network, services] = await Promise.all([
    load(`/networks/${id}`, Network),
    load(`/networks/${id}/services`, pageOf(Service)),
  ]);
  return <Services network={network} initial={services} />;
}
