import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';

/** Ends a token at once. Throws `Refusal` `not-found` for one that is not the organization's or is revoked. */
export async function revokeApiToken(context: Context, input: { id: string }): Promise<void> {
  const { organizationId } = context.actor;
  const now = context.now();
  await context.database.$transaction(async (tx) => {
    const revoked = await tx.apiToken.updateMany({
      where: { id: input.id, organizationId, revokedAt: null },
      data: { revokedAt: now },
    });
    if (revoked.count === 0) throw new Refusal('not-found', 'There is no such token.');
    await tx.auditEvent.create({
      data: {
        organizationId,
        actor: `${context.actor.kind} ${context.actor.id}`,
        action: 'api-token.revoke',
        target: input.id,
        at: now,
      },
    });
  });
}
