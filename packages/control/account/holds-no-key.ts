import { isKeyless } from '@skein/clouds/registry.ts';
import { ProviderId } from '@skein/contract/primitive.ts';
import type { CloudAccountChange } from '@skein/contract/rest/account.ts';

/** Whether an account is opened by Skein's own identity: no static key of it is kept. */
export function holdsNoKey({ provider, credentials }: CloudAccountChange): boolean {
  const { data: id } = ProviderId.safeParse(provider);
  return id !== undefined && isKeyless(id, credentials);
}
