import type { CloudAccount, CloudAccountChange } from '@skein/contract/rest/account.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { askWho, holderOf } from './ask-who.ts';
import { holdsNoKey } from './holds-no-key.ts';
import { accountFields, accountView } from './view.ts';

/**
 * Puts new credentials in the place of an account's old ones, as when its key was revoked or shall give way to trust in
 * Skein itself. The cloud is asked first:
 * what it refuses changes nothing. They must lead to the same account of the cloud, since what Skein made stands there
 * and would be taken as gone by whoever looks elsewhere.
 */
export async function rotateAccount(
  context: Context,
  input: { id: string } & CloudAccountChange,
): Promise<CloudAccount> {
  const { organizationId } = context.actor;
  const { id } = input;
  const account = await context.database.cloudAccount.findFirst({ where: { id, organizationId } });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  if (input.provider !== account.provider)
    throw new Refusal(
      'invalid-request',
      `${account.name} is an account of ${account.provider} and stays one.`,
      [{ path: 'provider', message: `must be ${account.provider}` }],
    );
  const place = { organizationId, purpose: 'cloud-account', rowId: id } as const;
  const credentialsSealed = context.sealer.seal(place, Buffer.from(JSON.stringify(input.credentials)));
  const outcome = await askWho(context, { ...account, credentialsSealed });
  if ('problem' in outcome) throw new Refusal('cloud-refused', `Nothing was changed. ${outcome.problem}`);
  const { identity } = outcome;
  const before = holderOf(context, account);
  if (before !== null && outcome.holder !== before)
    throw new Refusal(
      'conflict',
      `Nothing was changed. These credentials are of ${outcome.holder}, but what ${account.name} holds is in ${before}. Add another cloud account for them.`,
    );
  return context.database.$transaction(async (tx) => {
    const { count } = await tx.cloudAccount.updateMany({
      where: { id, organizationId },
      data: {
        credentialsSealed,
        keyless: holdsNoKey(input),
        identity,
        verifiedAt: context.now(),
        problem: null,
      },
    });
    if (count === 0) throw new Refusal('not-found', 'There is no such cloud account.');
    await recordAudit(tx, context, 'cloud-account.rotate', id, { identity, keyless: holdsNoKey(input) });
    return accountView(
      await tx.cloudAccount.findUniqueOrThrow({ where: { id, organizationId }, select: accountFields }),
    );
  });
}
