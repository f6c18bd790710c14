import type { DriftFinding } from '@skein/contract/rest/drift.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { findingView } from './view.ts';

/** Leaves a finding as it is and speaks of it no more, until the resource differs in another way. */
export async function dismissFinding(context: Context, input: { id: string }): Promise<DriftFinding> {
  const { organizationId } = context.actor;
  return context.database.$transaction(async (tx) => {
    const { count } = await tx.driftFinding.updateMany({
      where: { id: input.id, organizationId, state: 'open' },
      data: { state: 'dismissed' },
    });
    const row = await tx.driftFinding.findFirst({ where: { id: input.id, organizationId } });
    if (!row) throw new Refusal('not-found', 'There is no such finding.');
    if (count === 0)
      throw new Refusal('conflict', `Only an open finding can be dismissed: it is ${row.state}.`);
    await recordAudit(tx, context, 'drift.dismiss', row.id, { key: row.key });
    if (row.networkId) await notify(tx, CHANNEL.presence, JSON.stringify({ networkId: row.networkId }));
    return findingView(row);
  });
}
