import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { askWho } from './ask-who.ts';
import { accountFields, accountView } from './view.ts';

/**
 * Asks the cloud who we are and keeps its answer, or why it gave none, with the account. A cloud that refuses is an
 * outcome, not a failure: look at `problem`.
 */
export async function verifyAccount(context: Context, input: { id: string }): Promise<CloudAccount> {
  const { organizationId } = context.actor;
  const account = await context.database.cloudAccount.findFirst({ where: { id: input.id, organizationId } });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  const outcome = await askWho(context, account);
  return context.database.$transaction(async (tx) => {
    const row = await tx.cloudAccount.update({
      where: { id: input.id, organizationId },
      data:
        'identity' in outcome
          ? { identity: outcome.identity, verifiedAt: context.now(), problem: null }
          : outcome,
      select: accountFields,
    });
    await recordAudit(tx, context, 'cloud-account.verify', input.id, { problem: row.problem });
    return accountView(row);
  });
}
