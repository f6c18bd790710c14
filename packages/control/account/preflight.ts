import { CloudError, type Wish } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { ProviderId } from '@skein/contract/primitive.ts';
import { Preflight, type PreflightWish } from '@skein/contract/rest/account.ts';
import { z } from 'zod';
import { recordAudit } from '../audit/record.ts';
import { openCloud } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { givesNodesIdentity } from './grant.ts';
import { permissionsFor } from './permissions.ts';

const TIMEOUT_SECONDS = 50;

/**
 * Asks a cloud what would stand in the way of one more cluster: credentials, permissions, room, image, region. Changes
 * nothing there; the answer is kept with the account, the last one of each region.
 */
export async function preflightAccount(
  context: Context,
  input: { id: string } & PreflightWish,
): Promise<Preflight> {
  const { organizationId } = context.actor;
  const { id, region, nodes } = input;
  const account = await context.database.cloudAccount.findFirst({ where: { id, organizationId } });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  const { data: provider } = ProviderId.safeParse(account.provider);
  if (!provider)
    throw new Refusal('invalid-request', `${account.name} is a name server: there is nothing to make in it.`);
  const { regions, defaultInstanceType } = REGISTRY[provider].provider;
  if (!regions.some((one) => one.id === region))
    throw new Refusal('invalid-request', `Skein knows no region ${region} of this cloud.`, [
      { path: 'region', message: 'is not one of the provider’s' },
    ]);
  const wish: Wish = {
    instanceType: input.instanceType ?? defaultInstanceType,
    instances: nodes,
    // A cluster has one network and, for its gateway, one reserved address.
    addresses: 1,
    networks: 1,
    permissions: permissionsFor(provider, await givesNodesIdentity(context, id)),
  };
  const signal = AbortSignal.timeout(TIMEOUT_SECONDS * 1000);
  const call = { signal, waitingFor: () => {}, attempt: 1, resume: resumeInMemory() };
  const findings = await openCloud(context, account, region)
    .preflight(wish, call)
    .catch((error: unknown) => {
      if (signal.aborted)
        throw new Refusal('cloud-refused', `The cloud gave no answer within ${TIMEOUT_SECONDS} s.`);
      if (error instanceof CloudError) throw new Refusal('cloud-refused', error.message);
      throw error;
    });
  const preflight: Preflight = {
    cloudAccountId: id,
    region,
    at: context.now().toISOString(),
    ok: findings.every((one) => one.status !== 'missing'),
    findings,
  };
  await context.database.$transaction(async (tx) => {
    // One statement: two regions that are looked at in one moment are both kept.
    const kept = await tx.$executeRaw`
      UPDATE cloud_account
      SET preflights = preflights || jsonb_build_object(${region}::text, ${JSON.stringify(preflight)}::jsonb)
      WHERE id = ${id} AND "organizationId" = ${organizationId}`;
    if (kept === 0) throw new Refusal('not-found', 'There is no such cloud account.');
    await recordAudit(tx, context, 'cloud-account.preflight', id, { region, ok: preflight.ok });
  });
  return preflight;
}

/** The last preflight of each region that was looked at, by region. */
export async function listPreflights(context: Context, input: { id: string }): Promise<Preflight[]> {
  const row = await context.database.cloudAccount.findFirst({
    where: { id: input.id, organizationId: context.actor.organizationId },
    select: { preflights: true },
  });
  if (!row) throw new Refusal('not-found', 'There is no such cloud account.');
  const kept = Object.values(z.record(z.string(), Preflight).parse(row.preflights));
  return kept.sort((a, b) => (a.region < b.region ? -1 : 1));
}
