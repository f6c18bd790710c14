import type { LogLine } from '@skein/contract/rest/operation.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { lineView } from './view.ts';

/** Log lines of an operation, oldest first; `after` is the id of the last line seen. */
export async function listLog(
  context: Context,
  input: { operationId: string; after?: string | undefined; limit: number },
): Promise<{ items: LogLine[]; next: string | null }> {
  const { organizationId } = context.actor;
  if (input.after !== undefined && !/^\d{1,18}$/.test(input.after))
    throw new Refusal('invalid-request', 'There is no such log line.', [
      { path: 'after', message: 'must be the id of a log line' },
    ]);
  const known = await context.database.operation.findFirst({
    where: { id: input.operationId, organizationId },
    select: { id: true },
  });
  if (!known) throw new Refusal('not-found', 'There is no such operation.');
  const rows = await context.database.stepLog.findMany({
    where: {
      operationId: input.operationId,
      organizationId,
      ...(input.after !== undefined && { id: { gt: BigInt(input.after) } }),
    },
    orderBy: { id: 'asc' },
    take: input.limit + 1,
  });
  const page = rows.slice(0, input.limit);
  return {
    items: page.map(lineView),
    next: rows.length > page.length ? (page.at(-1)?.id.toString() ?? null) : null,
  };
}
