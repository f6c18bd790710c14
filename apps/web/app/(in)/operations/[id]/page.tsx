/** One operation, live. */
import { Cluster } from '@skein/contract/rest/network.ts';
import { LogLine, Operation } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { Metadata } from 'next';
import { load } from '../../../../server/load.ts';
import { Timeline } from './timeline.tsx';

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: (await load(`/operations/${(await params).id}`, Operation)).title };
}

export default async function OperationPage({ params }: Props) {
  const { id } = await params;
  const [operation, log] = await Promise.all([
    load(`/operations/${id}`, Operation),
    load(`/operations/${id}/log?limit=1000`, pageOf(LogLine)),
  ]);
  const clusters = operation.networkId
    ? (await load(`/networks/${operation.networkId}/clusters`, pageOf(Cluster))).items
    : [];
  return <Timeline initial={operation} log={log.items} clusters={clusters} />;
}
