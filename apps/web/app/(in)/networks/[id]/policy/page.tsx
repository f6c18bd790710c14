/** Who may begin what with whom: the policy, its tests, and what a change of it would open and cut. */
import { PolicyView } from '@skein/contract/rest/policy.ts';
import { load } from '../../../../../server/load.ts';
import { PolicyEditor } from './editor.tsx';

export default async function PolicyPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return <PolicyEditor networkId={id} initial={await load(`/networks/${id}/policy`, PolicyView)} />;
}
