import type { JoinToken } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { joinTokenView } from './view.ts';

/** Makes a token useless from now on. Peers that joined with it stay. Revoking again changes nothing. */
export async function revokeJoinToken(context: Context, input: { id: string }): Promise<JoinToken> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    const now = context.now();
    const { count } = await tx.joinToken.updateMany({
      where: { id: input.id, organizationId, revokedAt: null },
      data: { revokedAt: now },
    });
    if (count > 0)
      await tx.auditEvent.create({
        data: {
          organizationId,
          actor: `${context.actor.kind} ${context.actor.id}`,
          action: 'join-token.revoke',
          target: input.id,
          at: now,
        },
      });
    const row = await tx.joinToken.findFirst({ where: { id: input.id, organizationId } });
    if (!row) throw new Refusal('not-found', 'There is no such join token.');
    return joinTokenView(row);
  });
}
