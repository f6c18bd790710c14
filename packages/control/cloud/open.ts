/** From a stored cloud account to a cloud that can be asked: credentials are unsealed here and nowhere else. */

import type { Cloud } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import type { Dns } from '@skein/dns/provider.ts';
import { connectDns } from '@skein/dns/registry.ts';
import type { Context } from '../context.ts';

export interface SealedAccount {
  id: string;
  organizationId: string;
  provider: ProviderId;
  endpoint: string | null;
  credentialsSealed: Uint8Array;
}

/** Opens no connection yet. */
export function openCloud(context: Pick<Context, 'sealer'>, account: SealedAccount, region: string): Cloud {
  return connectCloud(account.provider, { ...unseal(context, account), region });
}

/** Opens no connection yet. */
export function openDns(context: Pick<Context, 'sealer'>, account: SealedAccount): Dns {
  return connectDns(account.provider, unseal(context, account));
}

function unseal(context: Pick<Context, 'sealer'>, account: SealedAccount) {
  const place = {
    organizationId: account.organizationId,
    purpose: 'cloud-account',
    rowId: account.id,
  } as const;
  const credentials: unknown = JSON.parse(context.sealer.open(place, account.credentialsSealed).toString());
  return { credentials, endpoint: account.endpoint };
}
