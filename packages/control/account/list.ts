import type { CloudAccount } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { accountFields, accountView } from './view.ts';

/** All cloud accounts of the organization, by name. */
export async function listAccounts(context: Context): Promise<CloudAccount[]> {
  const rows = await context.database.cloudAccount.findMany({
    where: { organizationId: context.actor.organizationId },
    orderBy: { name: 'asc' },
    select: accountFields,
  });
  return rows.map(accountView);
}
