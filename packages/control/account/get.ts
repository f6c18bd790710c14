import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { accountFields, accountView } from './view.ts';

/** One cloud account, without its credentials. */
export async function getAccount(context: Context, input: { id: string }): Promise<CloudAccount> {
  const row = await context.database.cloudAccount.findFirst({
    where: { id: input.id, organizationId: context.actor.organizationId },
    select: accountFields,
  });
  if (!row) throw new Refusal('not-found', 'There is no such cloud account.');
  return accountView(row);
}
