import { newId } from '@skein/contract/primitive.ts';
import type { DriftCheck, DriftFinding } from '@skein/contract/rest/drift.ts';
import type { CloudAccount } from '@skein/database/generated/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { findOrphans, type Place, regionsOf, type Tagged } from './orphans.ts';
import { inTurn } from './turn.ts';
import { findingView, STANDING } from './view.ts';

/**
 * Looks in a cloud account for what carries our organization's tag and is in no book of ours.
 * @param input.everywhere in all regions of the provider, not only where our books know something
 */
export async function checkAccount(
  context: Context,
  input: { id: string; everywhere: boolean; limitSeconds: number; signal: AbortSignal },
): Promise<DriftCheck> {
  const account = await loadAccount(context, input.id);
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(input.limitSeconds * 1000)]);
  const regions = await regionsOf(context, account, input.everywhere);
  const checked = await inTurn(context.database, `orphans ${account.id}`, input.limitSeconds, async () => {
    const { orphans, seen, unseen } = await findOrphans(context, account, regions, signal);
    await record(context, account, orphans, seen);
    return { checkedAt: context.now().toISOString(), unseen };
  });
  if (!checked) throw new Refusal('conflict', `${account.name} is being looked at already.`);
  return { ...checked, findings: await listOrphans(context, input) };
}

/** What was found so in an account and still stands, oldest first. */
export async function listOrphans(context: Context, input: { id: string }): Promise<DriftFinding[]> {
  const { organizationId } = context.actor;
  await loadAccount(context, input.id);
  const rows = await context.database.driftFinding.findMany({
    where: { organizationId, cloudAccountId: input.id, what: 'orphan', state: { in: [...STANDING] } },
    orderBy: [{ foundAt: 'asc' }, { id: 'asc' }],
  });
  return rows.map(findingView);
}

async function loadAccount(context: Context, id: string): Promise<CloudAccount> {
  const { organizationId } = context.actor;
  const account = await context.database.cloudAccount.findFirst({ where: { id, organizationId } });
  if (!account) throw new Refusal('not-found', 'There is no such cloud account.');
  return account;
}

async function record(
  context: Context,
  account: CloudAccount,
  orphans: readonly Tagged[],
  seen: readonly Place[],
): Promise<void> {
  const { organizationId } = context.actor;
  await context.database.$transaction(async (tx) => {
    const standing = await tx.driftFinding.findMany({
      where: {
        organizationId,
        cloudAccountId: account.id,
        what: 'orphan',
        state: { in: [...STANDING] },
      },
    });
    const networks = await tx.network.findMany({
      where: { organizationId, id: { in: orphans.map((one) => one.networkId) } },
      select: { id: true, name: true, deletedAt: true },
    });
    const working = await tx.operation.findMany({
      where: {
        organizationId,
        id: { in: standing.flatMap((one) => one.operationId ?? []) },
        state: { in: [...OPEN_STATES] },
      },
      select: { id: true },
    });
    const told = new Set<string>();
    for (const one of orphans) {
      const network = networks.find((row) => row.id === one.networkId);
      const before = standing.find((row) => row.externalId === one.externalId && row.kind === one.kind);
      if (before) {
        const busy = working.some((operation) => operation.id === before.operationId);
        if (before.state === 'healing' && !busy)
          await tx.driftFinding.update({ where: { id: before.id }, data: { state: 'open' } });
        continue;
      }
      const whose = network
        ? `${network.name}, ${network.deletedAt ? 'which was deleted' : 'which does not know it'}`
        : `a network that Skein does not know (${one.networkId})`;
      await tx.driftFinding.create({
        data: {
          id: newId('finding', context.random),
          organizationId,
          networkId: network?.id ?? null,
          clusterId: one.clusterId,
          cloudAccountId: account.id,
          provider: account.provider,
          region: one.region,
          kind: one.kind,
          key: one.key,
          externalId: one.externalId,
          what: 'orphan',
          differences: [
            {
              field: 'owner',
              expected: 'a resource in Skein’s books',
              found: `tagged as ${one.key} of ${whose}`,
            },
          ],
          foundAt: context.now(),
        },
      });
      if (network) told.add(network.id);
    }
    const gone = standing.filter(
      (row) =>
        seen.some((place) => place.kind === row.kind && place.region === row.region) &&
        !orphans.some((one) => one.externalId === row.externalId && one.kind === row.kind),
    );
    for (const row of gone) if (row.networkId) told.add(row.networkId);
    await tx.driftFinding.updateMany({
      where: { id: { in: gone.map((row) => row.id) } },
      data: { state: 'gone', endedAt: context.now() },
    });
    for (const networkId of told) await notify(tx, CHANNEL.presence, JSON.stringify({ networkId }));
  });
}
