import { REGISTRY } from '@skein/clouds/registry.ts';
import { type AccountProvider, ProviderId } from '@skein/contract/primitive.ts';
import type { GrantDocument } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { ownAwsPrincipal } from '../identity/aws-principal.ts';
import { permissionsFor } from './permissions.ts';

/**
 * What to paste into a cloud before there is an account of it.
 * @param input.keyless whether the cloud shall trust Skein itself instead of a key
 */
export function grantForProvider(
  context: Context,
  input: { provider: AccountProvider; keyless: boolean; nodeIdentity: boolean; endpoint: string | null },
): Promise<GrantDocument[]> {
  return documents(context, input);
}

/** What to paste into the cloud of an account so that it has exactly what Skein uses. `keyless` is as it is when left out. */
export async function grantForAccount(
  context: Context,
  input: { id: string; keyless?: boolean | undefined },
): Promise<GrantDocument[]> {
  const account = await context.database.cloudAccount.findFirst({
    where: { id: input.id, organizationId: context.actor.organizationId },
    select: { provider: true, endpoint: true, keyless: true },
  });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  return documents(context, {
    ...account,
    keyless: input.keyless ?? account.keyless,
    nodeIdentity: await givesNodesIdentity(context, input.id),
  });
}

/** Whether a cluster of the account names an identity for its nodes. */
export async function givesNodesIdentity(context: Context, cloudAccountId: string): Promise<boolean> {
  const { organizationId } = context.actor;
  const found = await context.database.cluster.findFirst({
    where: { organizationId, cloudAccountId, deletedAt: null, nodeIdentity: { not: null } },
    select: { id: true },
  });
  return found !== null;
}

async function documents(
  context: Context,
  of: { provider: AccountProvider; keyless: boolean; nodeIdentity: boolean; endpoint: string | null },
): Promise<GrantDocument[]> {
  const { data: id } = ProviderId.safeParse(of.provider);
  if (!id) throw new Refusal('invalid-request', 'A name server grants nothing: its key is all there is.');
  const { provider } = REGISTRY[id];
  return provider.grant(permissionsFor(id, of.nodeIdentity), {
    organizationId: context.actor.organizationId,
    keyless: of.keyless ? await ourselves(context, id, of.endpoint) : null,
  });
}

async function ourselves(context: Context, id: ProviderId, endpoint: string | null) {
  const { publicUrl, aws } = context.platform;
  if (id === 'aws') {
    if (aws === null)
      throw new Refusal(
        'conflict',
        'This installation has no identity at AWS that a role could trust. Set SKEIN_AWS_ACCESS_KEY_ID and SKEIN_AWS_SECRET_ACCESS_KEY for the worker and the dashboard.',
      );
    return { awsPrincipal: await ownAwsPrincipal(context, aws, endpoint), issuer: publicUrl ?? '' };
  }
  if (publicUrl === null)
    throw new Refusal(
      'conflict',
      'This installation has no address at which a cloud could know it. Set SKEIN_PUBLIC_URL.',
    );
  return { awsPrincipal: null, issuer: publicUrl };
}
