import type { Database, Transaction } from '@skein/database/client.ts';
import { OPEN_STATES } from '../operation/open.ts';

/** What of a network's operations must not have changed between a look at its clouds and the word about it. */
export interface Marks {
  operations: number;
  lastEnd: number;
}

/** No clock is compared: operations are only added, and each end is later than the one before. */
export async function marksOf(database: Database | Transaction, networkId: string): Promise<Marks> {
  const { _count, _max } = await database.operation.aggregate({
    where: { networkId },
    _count: true,
    _max: { finishedAt: true },
  });
  return { operations: _count, lastEnd: _max.finishedAt?.getTime() ?? 0 };
}

/** Whether no operation is under way and none has been since `marks`. The caller holds the network's lock. */
export async function isSettled(tx: Transaction, networkId: string, marks: Marks): Promise<boolean> {
  const open = await tx.operation.count({ where: { networkId, state: { in: [...OPEN_STATES] } } });
  const now = await marksOf(tx, networkId);
  return open === 0 && now.operations === marks.operations && now.lastEnd === marks.lastEnd;
}
