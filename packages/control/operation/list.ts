import type { OperationSummary } from '@skein/contract/rest/operation.ts';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { olderThan, pageOfRows } from '../cursor.ts';
import { summaryView } from './view.ts';

/** Operations of the organization, or of one network, newest first. */
export async function listOperations(
  context: Context,
  input: { networkId?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<{ items: z.infer<typeof OperationSummary>[]; next: string | null }> {
  const rows = await context.database.operation.findMany({
    where: {
      organizationId: context.actor.organizationId,
      ...(input.networkId !== undefined && { networkId: input.networkId }),
      ...olderThan(input.cursor),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: input.limit + 1,
    include: { steps: { select: { state: true } } },
  });
  const { page, next } = pageOfRows(rows, input.limit);
  return { items: page.map(summaryView), next };
}
