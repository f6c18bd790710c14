import type { Actor, Context } from '../context.ts';

/**
 * Who a signed-in user acts as: in the organization that the session names if the user belongs to it, else in the
 * one joined first. Undefined for a user without any: rights come from membership, never from the session.
 */
export async function actorOfUser(
  context: Pick<Context, 'database'>,
  session: { userId: string; activeOrganizationId: string | null },
): Promise<Extract<Actor, { kind: 'user' }> | undefined> {
  const memberships = await context.database.member.findMany({
    where: { userId: session.userId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { organizationId: true },
  });
  const chosen =
    memberships.find((one) => one.organizationId === session.activeOrganizationId) ?? memberships[0];
  return chosen && { kind: 'user', id: session.userId, organizationId: chosen.organizationId };
}
