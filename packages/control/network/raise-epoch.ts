import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from './lock.ts';

/**
 * Says that the network's database began a new life, as after a restore from a backup: agents then take maps whose
 * numbers they had passed. The epoch is the minute of now, so that a backup restored twice does not raise it twice to
 * the same.
 */
export async function raiseEpoch(context: Context, input: { id: string }): Promise<{ epoch: number }> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    await lockNetwork(tx, organizationId, input.id);
    const network = await tx.network.findFirst({
      where: { id: input.id, organizationId, deletedAt: null },
      select: { epoch: true },
    });
    if (!network) throw new Refusal('not-found', 'There is no such network.');
    const minutes = Math.floor(context.now().getTime() / 60_000);
    const epoch = Math.max(network.epoch + 1, minutes);
    await tx.network.update({ where: { id: input.id, organizationId }, data: { epoch } });
    await recordAudit(tx, context, 'network.raise-epoch', input.id, { epoch });
    await publishRevision(tx, organizationId, input.id, [{ network: true }], 'a new epoch began');
    return { epoch };
  });
}
