/** What was done, over all networks. */
import { OperationSummary } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { OperationList } from '../../../ui/operation-list.tsx';
import { PageHeader } from '../../../ui/page.tsx';

export const metadata: Metadata = { title: 'Operations' };
const PATH = '/operations?limit=50';

export default async function Operations() {
  return (
    <>
      <PageHeader title="Operations" lead="Work that takes longer than a moment, newest first." />
      <OperationList path={PATH} initial={await load(PATH, pageOf(OperationSummary))} />
    </>
  );
}
