import { newId } from '@skein/contract/primitive.ts';
import type { MintedApiToken, NewApiToken } from '@skein/contract/rest/account.ts';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { hashOfToken, makeToken, prefixOfToken } from '../secret/token.ts';
import { viewOfToken } from './list.ts';

/** Makes an API token of the organization. The answer is the only time that the token itself is told. */
export async function mintApiToken(
  context: Context,
  input: z.infer<typeof NewApiToken>,
): Promise<z.infer<typeof MintedApiToken>> {
  const { organizationId } = context.actor;
  const token = makeToken('skn', context.random);
  const now = context.now();
  const row = await context.database.$transaction(async (tx) => {
    const made = await tx.apiToken.create({
      data: {
        id: newId('apiToken', context.random),
        organizationId,
        name: input.name,
        prefix: prefixOfToken(token),
        tokenHash: hashOfToken(token),
        createdBy: `${context.actor.kind} ${context.actor.id}`,
        expiresAt: new Date(now.getTime() + input.expiresInDays * 86_400_000),
        createdAt: now,
      },
    });
    await tx.auditEvent.create({
      data: {
        organizationId,
        actor: `${context.actor.kind} ${context.actor.id}`,
        action: 'api-token.mint',
        target: made.id,
        details: { name: input.name, expiresInDays: input.expiresInDays },
        at: now,
      },
    });
    return made;
  });
  return { ...viewOfToken(row), token };
}
