/**
 * The first run: one link, used once, makes the first user and organization. No default password ever exists.
 * Only the secret's hash is kept.
 */
import type { Context } from '../context.ts';
import { hashOfToken, makeToken } from '../secret/token.ts';

/** What these verbs need: there is no organization yet, so there is no actor either. */
export type SetupContext = Pick<Context, 'database' | 'now' | 'random'>;

const LIFETIME_HOURS = 24;

/**
 * Makes a one-time link secret (`sks_…`), to be shown as `${SKEIN_PUBLIC_URL}/setup?link=…`. Links that
 * were never used stop working: only the one printed last does. Whoever redeems it becomes the owner of the
 * organization named, or of a new one.
 */
export async function mintSetupLink(
  context: SetupContext,
  input: { organizationId: string | null },
): Promise<{ secret: string; expiresAt: string }> {
  const secret = makeToken('sks', context.random);
  const now = context.now();
  const expiresAt = new Date(now.getTime() + LIFETIME_HOURS * 3_600_000);
  const tokenHash = hashOfToken(secret);
  await context.database.$transaction([
    context.database.setupLink.deleteMany({ where: { usedAt: null } }),
    context.database.setupLink.create({
      data: { id: tokenHash.slice(0, 20), tokenHash, ...input, expiresAt, createdAt: now },
    }),
  ]);
  return { secret, expiresAt: expiresAt.toISOString() };
}
