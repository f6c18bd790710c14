/** Who did what: every verb that changes something writes an audit event in its own transaction. */
import type { AuditEvent } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';

/** The organization's audit events, newest first. Cursors are event numbers. */
export async function listAuditEvents(
  context: Context,
  input: { cursor?: string | undefined; limit: number },
): Promise<{ items: AuditEvent[]; next: string | null }> {
  if (input.cursor !== undefined && !/^\d{1,18}$/.test(input.cursor))
    throw new Refusal('invalid-request', 'The cursor is none that this list gave out.', [
      { path: 'cursor', message: 'must come from `next` of an earlier page' },
    ]);
  const rows = await context.database.auditEvent.findMany({
    where: {
      organizationId: context.actor.organizationId,
      ...(input.cursor !== undefined && { id: { lt: BigInt(input.cursor) } }),
    },
    orderBy: { id: 'desc' },
    take: input.limit + 1,
  });
  const page = rows.slice(0, input.limit);
  return {
    items: page.map((row) => ({
      id: row.id.toString(),
      at: row.at.toISOString(),
      actor: row.actor,
      action: row.action,
      target: row.target,
      details: row.details as Record<string, unknown>,
    })),
    next: rows.length > page.length ? (page.at(-1)?.id.toString() ?? null) : null,
  };
}
