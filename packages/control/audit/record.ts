import type { Transaction } from '@skein/database/client.ts';
import type { Context } from '../context.ts';
import type { Json } from '../operation/engine/step-run.ts';

/** Writes who did what, in the transaction of the deed. `details` holds no secret. */
export async function recordAudit(
  tx: Transaction,
  context: Context,
  action: string,
  target: string,
  details: { [key: string]: Json | null } = {},
): Promise<void> {
  const { actor, now } = context;
  await tx.auditEvent.create({
    data: {
      organizationId: actor.organizationId,
      actor: `${actor.kind} ${actor.id}`,
      action,
      target,
      details,
      at: now(),
    },
  });
}
