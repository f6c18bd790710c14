/** What was done to a network. */
import { OperationSummary } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { load } from '../../../../../server/load.ts';
import { OperationList } from '../../../../../ui/operation-list.tsx';

export default async function NetworkOperations({ params }: { params: Promise<{ id: string }> }) {
  const path = `/operations?networkId=${(await params).id}`;
  return <OperationList path={path} initial={await load(path, pageOf(OperationSummary))} />;
}
