import type { Transaction } from '@skein/database/client.ts';
import { Refusal } from '../failure.ts';

/** States of an operation that has not ended. */
export const OPEN_STATES = ['queued', 'running', 'cancelling'] as const;

/**
 * Refuses while another operation works on the network: what is planned now would be planned on a state that is
 * about to change. Bringing DNS up to date changes nothing that plans look at.
 */
export async function refuseWhileOpen(
  tx: Transaction,
  organizationId: string,
  networkId: string,
): Promise<void> {
  const open = await tx.operation.findFirst({
    where: { organizationId, networkId, state: { in: [...OPEN_STATES] }, kind: { not: 'records' } },
  });
  if (open)
    throw new Refusal('conflict', `“${open.title}” is under way. Wait until it has ended, or cancel it.`);
}
