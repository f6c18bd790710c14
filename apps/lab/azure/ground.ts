/** Azure's state, projected onto the ground. Pure: the same state gives the same ground. */
import type { Ground } from '../ground/ground.ts';
import type { AzureState } from './state.ts';

/** The kernel's part of all subscriptions. */
export function projectAzure(_state: AzureState): Ground {
  return { realms: [], peerings: [], machines: [], zones: [] };
}
