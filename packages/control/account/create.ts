import { newId } from '@skein/contract/primitive.ts';
import type { CloudAccount, NewCloudAccount } from '@skein/contract/rest/account.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { holdsNoKey } from './holds-no-key.ts';
import { accountFields, accountView } from './view.ts';

/** Keeps an account's credentials, sealed. They are checked with the cloud by `verifyAccount`. */
export async function createAccount(context: Context, input: NewCloudAccount): Promise<CloudAccount> {
  const { organizationId } = context.actor;
  const id = newId('cloudAccount', context.random);
  const place = { organizationId, purpose: 'cloud-account', rowId: id } as const;
  const credentialsSealed = context.sealer.seal(place, Buffer.from(JSON.stringify(input.credentials)));
  return context.database.$transaction(async (tx) => {
    const same = await tx.cloudAccount.findFirst({ where: { organizationId, name: input.name } });
    if (same)
      throw new Refusal('conflict', `There is a cloud account named ${input.name} already.`, [
        { path: 'name', message: 'is taken' },
      ]);
    const { name, provider } = input;
    const row = await tx.cloudAccount.create({
      data: {
        id,
        organizationId,
        name,
        provider,
        keyless: holdsNoKey(input),
        endpoint: input.endpoint ?? null,
        credentialsSealed,
        createdAt: context.now(),
      },
      select: accountFields,
    });
    await recordAudit(tx, context, 'cloud-account.create', id, { name, provider, keyless: row.keyless });
    return accountView(row);
  });
}
