/** What to paste into Azure so that an application of its gets what Skein uses, and nothing more. Pure. */
import type { GrantDocument } from '@skein/contract/rest/account.ts';
import type { Grantee, Permission } from '../provider.ts';

export function grant(permissions: readonly Permission[], _grantee: Grantee): GrantDocument[] {
  const role = { Name: 'Skein', Actions: permissions.map((one) => one.action) };
  return [{ title: 'Custom role', language: 'json', text: JSON.stringify(role, null, 2) }];
}
