import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';

/** Forgets an account and its credentials. Refused while something that Skein made stands in it, known or orphaned. */
export async function deleteAccount(context: Context, input: { id: string }): Promise<void> {
  const { organizationId } = context.actor;
  await context.database.$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ name: string }[]>`
      SELECT name FROM cloud_account WHERE id = ${input.id} AND "organizationId" = ${organizationId} FOR UPDATE`;
    if (!row) throw new Refusal('not-found', 'There is no such cloud account.');
    const living = { organizationId, deletedAt: null };
    const clusters = await tx.cluster.count({ where: { ...living, cloudAccountId: input.id } });
    const zones = await tx.network.count({ where: { ...living, dnsCloudAccountId: input.id } });
    const left = await tx.cloudResource.count({
      where: { organizationId, cloudAccountId: input.id, status: { not: 'gone' } },
    });
    if (clusters + zones + left > 0)
      throw new Refusal(
        'conflict',
        `${row.name} is in use by ${clusters} clusters and the DNS of ${zones} networks, and holds ${left} resources of theirs. Remove those first.`,
      );
    // Without the account nobody could delete them any more.
    const orphaned = { organizationId, cloudAccountId: input.id, what: 'orphan' as const };
    const orphans = await tx.driftFinding.count({
      where: { ...orphaned, state: { in: ['open', 'healing'] } },
    });
    if (orphans > 0)
      throw new Refusal(
        'conflict',
        `${row.name} still holds ${orphans} things that carry our tag. Delete or dismiss them first.`,
      );
    await tx.driftFinding.updateMany({
      where: { ...orphaned, state: 'dismissed' },
      data: { state: 'gone', endedAt: context.now() },
    });
    await tx.cloudAccount.delete({ where: { id: input.id, organizationId } });
    await recordAudit(tx, context, 'cloud-account.delete', input.id, { name: row.name });
  });
}
