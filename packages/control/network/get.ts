import type { Network } from '@skein/contract/rest/network.ts';
import type { Context } from '../context.ts';
import { loadNetwork } from './view.ts';

/** One network. */
export function getNetwork(context: Context, input: { id: string }): Promise<Network> {
  return loadNetwork(context.database, context.actor.organizationId, input.id);
}
