/** From a stored cloud account to a cloud that can be asked: credentials are unsealed here and nowhere else. */

import type { Cloud } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import type { AccountProvider } from '@skein/contract/primitive.ts';
import type { Dns } from '@skein/dns/provider.ts';
import { connectDns } from '@skein/dns/registry.ts';
import type { Context } from '../context.ts';
import { type IdentityContext, ownIdentity } from '../identity/own-identity.ts';

export interface SealedAccount {
  id: string;
  organizationId: string;
  provider: AccountProvider;
  endpoint: string | null;
  credentialsSealed: Uint8Array;
}

/** Opens no connection yet. @throws CloudError `invalid` for an account of a name server. */
export function openCloud(context: IdentityContext, account: SealedAccount, region: string): Cloud {
  return connectCloud(account.provider, { ...opened(context, account), region });
}

/** Opens no connection yet. */
export function openDns(context: IdentityContext, account: SealedAccount): Dns {
  return connectDns(account.provider, opened(context, account));
}

function opened(context: IdentityContext, account: SealedAccount) {
  return {
    credentials: openCredentials(context, account),
    endpoint: account.endpoint,
    identity: ownIdentity(context, account.organizationId),
  };
}

/** What an account is opened with. For those who must look into it; it goes nowhere else. */
export function openCredentials({ sealer }: Pick<Context, 'sealer'>, account: SealedAccount): unknown {
  const place = {
    organizationId: account.organizationId,
    purpose: 'cloud-account',
    rowId: account.id,
  } as const;
  return JSON.parse(sealer.open(place, account.credentialsSealed).toString());
}
