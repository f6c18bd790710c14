import { CloudError } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import type { CloudAccount } from '@skein/contract/rest/account.ts';
import { recordAudit } from '../audit/record.ts';
import { openCloud } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { accountFields, accountView } from './view.ts';

const TIMEOUT_SECONDS = 20;

/**
 * Asks the cloud who we are and keeps its answer, or why it gave none, with the account. A cloud that refuses is an
 * outcome, not a failure: look at `problem`.
 */
export async function verifyAccount(context: Context, input: { id: string }): Promise<CloudAccount> {
  const { organizationId } = context.actor;
  const account = await context.database.cloudAccount.findFirst({ where: { id: input.id, organizationId } });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  const outcome = await ask(context, account);
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

async function ask(context: Context, account: Parameters<typeof openCloud>[1]) {
  const region = REGISTRY[account.provider].provider.regions[0]?.id ?? '';
  const call = { signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000), waitingFor: () => {}, attempt: 1 };
  try {
    return { identity: await openCloud(context, account, region).whoAmI(call) };
  } catch (error) {
    if (call.signal.aborted) return { problem: `The cloud gave no answer within ${TIMEOUT_SECONDS} s.` };
    if (error instanceof CloudError)
      return { problem: [error.message, error.remedy].filter(Boolean).join(' ') };
    throw error;
  }
}
