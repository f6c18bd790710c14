import { newId } from '@skein/contract/primitive.ts';
import { Prisma } from '@skein/database/generated/client.ts';
import { Refusal } from '../failure.ts';
import { hashOfToken } from '../secret/token.ts';
import { inspectSetupLink } from './inspect-link.ts';
import type { SetupContext } from './mint-link.ts';

export interface Redemption {
  link: string;
  organization: string;
  name: string;
  email: string;
  /** As better-auth hashes passwords: this room never sees the password. */
  passwordHash: string;
}

const REFUSED = {
  used: 'This set-up link was used already. Sign in with the account that it made.',
  expired: 'This set-up link has expired. Run `./skein up` again for a new one.',
  unknown: 'This set-up link is not known. Copy it whole, or run `./skein up` again for a new one.',
} as const;

/**
 * Makes the organization (or names the one that the link leads into), its owner and the sign-in account, and uses the link up, all or nothing.
 * Throws `Refusal`: `conflict` for a used link or a taken address, `forbidden` for an unknown or expired link.
 */
export async function redeemSetupLink(
  context: SetupContext,
  input: Redemption,
): Promise<{ organizationId: string; userId: string }> {
  const state = await inspectSetupLink(context, input.link);
  if (state !== 'open') throw new Refusal(state === 'used' ? 'conflict' : 'forbidden', REFUSED[state]);
  const userId = newId('user', context.random);
  const now = context.now();
  const email = input.email.toLowerCase();
  try {
    const organizationId = await context.database.$transaction(async (tx) => {
      const link = await tx.setupLink.findUniqueOrThrow({ where: { tokenHash: hashOfToken(input.link) } });
      // Counting the rows that were still unused decides between two people with the same link.
      const used = await tx.setupLink.updateMany({
        where: { tokenHash: hashOfToken(input.link), usedAt: null },
        data: { usedAt: now },
      });
      if (used.count !== 1) throw new Refusal('conflict', REFUSED.used);
      const organizationId = link.organizationId ?? newId('organization', context.random);
      await tx.organization.upsert({
        where: { id: organizationId },
        create: { id: organizationId, name: input.organization, slug: organizationId, createdAt: now },
        update: { name: input.organization },
      });
      await tx.user.create({
        data: { id: userId, name: input.name, email, emailVerified: true, createdAt: now, updatedAt: now },
      });
      await tx.account.create({
        data: {
          id: `credential-${userId}`,
          accountId: userId,
          providerId: 'credential',
          userId,
          password: input.passwordHash,
          createdAt: now,
          updatedAt: now,
        },
      });
      await tx.member.create({
        data: { id: `${organizationId}-${userId}`, organizationId, userId, role: 'owner', createdAt: now },
      });
      await tx.auditEvent.create({
        data: { organizationId, actor: `user ${userId}`, action: 'setup', target: organizationId, at: now },
      });
      return organizationId;
    });
    return { organizationId, userId };
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
      throw new Refusal('conflict', 'Somebody with this e-mail address exists already. Sign in instead.');
    throw error;
  }
}
