import { hashOfToken } from '../secret/token.ts';
import type { SetupContext } from './mint-link.ts';

export type LinkState = 'open' | 'used' | 'expired' | 'unknown';

/** How a set-up link stands, so that the page can say so before anybody fills in a form. */
export async function inspectSetupLink(context: SetupContext, link: string): Promise<LinkState> {
  const row = await context.database.setupLink.findUnique({ where: { tokenHash: hashOfToken(link) } });
  if (row === null) return 'unknown';
  if (row.usedAt !== null) return 'used';
  return row.expiresAt > context.now() ? 'open' : 'expired';
}
