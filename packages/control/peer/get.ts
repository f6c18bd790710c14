import type { Peer } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { peerView } from './view.ts';

/** One peer. A removed one can still be looked at by its id. */
export async function getPeer(context: Context, input: { id: string }): Promise<Peer> {
  const row = await context.database.peer.findFirst({
    where: { id: input.id, organizationId: context.actor.organizationId },
  });
  if (!row) throw new Refusal('not-found', 'There is no such peer.');
  return peerView(row);
}
