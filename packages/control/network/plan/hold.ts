import type { Database, Transaction } from '@skein/database/client.ts';
import { Refusal } from '../../failure.ts';
import type { Change } from './after/change.ts';
import { planOf } from './plan-of.ts';
import type { Book } from './shape.ts';

/**
 * Refuses to go on where what would be done is not what was looked at. Without a hash nothing was looked at. Call it
 * under the lock of what the change writes, so that nothing moves in between.
 */
export function holdTo(planHash: string | undefined, book: Book, change: Change): void {
  if (planHash === undefined || planOf(book, change, []).hash === planHash) return;
  throw new Refusal(
    'plan-changed',
    'What would be done has changed since you saw the plan. Nothing was done: look at the new plan, then confirm that one.',
  );
}

/** Overlay ranges of the organization's other living networks. */
export async function otherRanges(
  database: Database | Transaction,
  organizationId: string,
  networkId: string | null,
): Promise<string[]> {
  const others = await database.network.findMany({
    where: { organizationId, deletedAt: null, ...(networkId !== null && { id: { not: networkId } }) },
    select: { cidr: true },
    orderBy: { cidr: 'asc' },
  });
  return others.map((one) => one.cidr);
}
