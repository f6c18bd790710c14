/**
 * The first run: one link, used once, makes the first user and organization. No default password ever exists.
 * Only the secret's hash is kept.
 */
import { createHash } from 'node:crypto';
import type { Context } from '../context.ts';

/** What these verbs need: there is no organization yet, so there is no actor either. */
export type SetupContext = Pick<Context, 'database' | 'now' | 'random'>;

const LIFETIME_HOURS = 24;

/**
 * Makes a one-time link secret, 256 bits in base64url, to be shown as `${SKEIN_PUBLIC_URL}/setup?link=…`. Links that
 * were never used stop working: only the one printed last does.
 */
export async function mintSetupLink(context: SetupContext): Promise<{ secret: string; expiresAt: string }> {
  const bytes = new Uint8Array(32);
  context.random(bytes);
  const secret = Buffer.from(bytes).toString('base64url');
  const now = context.now();
  const expiresAt = new Date(now.getTime() + LIFETIME_HOURS * 3_600_000);
  const tokenHash = hashOfLink(secret);
  await context.database.$transaction([
    context.database.setupLink.deleteMany({ where: { usedAt: null } }),
    context.database.setupLink.create({
      data: { id: tokenHash.slice(0, 20), tokenHash, expiresAt, createdAt: now },
    }),
  ]);
  return { secret, expiresAt: expiresAt.toISOString() };
}

/** SHA-256 in hex: the secret is random, so that no slow hash is needed. */
export function hashOfLink(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
