import type { Transaction } from '@skein/database/client.ts';
import type { DriftFinding } from '@skein/database/generated/client.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { planned } from '../operation/steps/planned.ts';
import type { Operation } from '../operation/view.ts';
import { STANDING } from './view.ts';

/** Deletes one thing that was found tagged as ours and is in no book. */
export function deleteOrphan(context: Context, input: { id: string }): Promise<Operation> {
  return begin(context, { id: input.id }, 'There is no such finding.');
}

/** Deletes all that was found so in an account, in the order in which its cloud lets go. */
export function deleteAllOrphans(context: Context, input: { id: string }): Promise<Operation> {
  return begin(
    context,
    { cloudAccountId: input.id },
    'Nothing is found in this account that could be deleted.',
  );
}

async function begin(
  context: Context,
  which: { id: string } | { cloudAccountId: string },
  nothing: string,
): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    const all = await tx.driftFinding.findMany({
      where: { ...which, organizationId, state: { in: [...STANDING] } },
      orderBy: { id: 'asc' },
    });
    const orphans = all.filter((one) => one.what === 'orphan');
    if (orphans.length === 0 && all.length > 0 && 'id' in which)
      throw new Refusal(
        'conflict',
        'This is in Skein’s books: it is deleted with its peer, its cluster or its network.',
      );
    const [first] = orphans;
    if (!first) throw new Refusal('not-found', nothing);
    await tx.$queryRaw`
      SELECT id FROM cloud_account WHERE id = ${first.cloudAccountId} AND "organizationId" = ${organizationId} FOR UPDATE`;
    await refuseWhileDeleting(tx, orphans);
    const made = await createOperation(tx, context, {
      networkId: null,
      kind: 'delete-orphans',
      title:
        orphans.length === 1 ? `Delete ${first.key}, found in no book` : `Delete ${orphans.length} orphans`,
      steps: [
        planned('delete-orphans', {
          key: 'delete-orphans',
          title: `Delete ${orphans.map((one) => one.externalId ?? one.key).join(', ')}`.slice(0, 200),
          cluster: null,
          dependsOn: [],
          input: { findings: orphans.map((one) => one.id) },
        }),
      ],
      clusterIds: new Map(),
    });
    await tx.driftFinding.updateMany({
      where: { id: { in: orphans.map((one) => one.id) } },
      data: { state: 'healing', operationId: made.id },
    });
    for (const one of orphans)
      await recordAudit(tx, context, 'drift.delete-orphan', one.id, {
        key: one.key,
        externalId: one.externalId,
        operationId: made.id,
      });
    return made;
  });
  await wakeFor(context, operation);
  return operation;
}

async function refuseWhileDeleting(tx: Transaction, orphans: readonly DriftFinding[]): Promise<void> {
  const open = await tx.operation.findFirst({
    where: { id: { in: orphans.flatMap((one) => one.operationId ?? []) }, state: { in: [...OPEN_STATES] } },
  });
  if (open)
    throw new Refusal('conflict', `“${open.title}” is under way. Wait until it has ended, or cancel it.`);
}
