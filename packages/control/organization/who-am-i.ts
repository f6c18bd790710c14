/** The organization that an actor acts for, and the person if there is one. */
import type { Me } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';

export async function whoAmI(context: Context): Promise<Me> {
  const { actor, database } = context;
  const organization = await database.organization.findUnique({ where: { id: actor.organizationId } });
  if (organization === null) throw new Refusal('not-found', 'The organization is gone.');
  const user = actor.kind === 'user' ? await database.user.findUnique({ where: { id: actor.id } }) : null;
  return {
    user: user === null ? null : { id: user.id, name: user.name, email: user.email },
    organization: { id: organization.id, name: organization.name },
  };
}
