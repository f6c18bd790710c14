import { newId } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import type { CloudResource, DriftFinding, DriftState } from '@skein/database/generated/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { lockNetwork } from '../network/lock.ts';
import type { Books, Entry } from './books.ts';
import type { Found } from './check.ts';
import { isSettled, type Marks } from './settled.ts';
import { STANDING } from './view.ts';

/**
 * Writes what a look found: new findings, what became of standing ones. Answers false, having written nothing, where an
 * operation has worked on the network meanwhile: what was found may be the echo of our own work.
 * @param look.seen everything that could be looked at, found off or not
 */
export async function recordFindings(
  context: Context,
  look: {
    networkId: string;
    marks: Marks;
    books: Books;
    seen: readonly Entry[];
    found: readonly Found[];
    complete: boolean;
    checkedAt: Date;
  },
): Promise<boolean> {
  const { organizationId } = context.actor;
  const { networkId, checkedAt } = look;
  return context.database.$transaction(async (tx) => {
    await lockNetwork(tx, organizationId, networkId);
    if (!(await isSettled(tx, networkId, look.marks))) return false;
    const rows = await tx.cloudResource.findMany({ where: { organizationId, networkId } });
    const now = new Map(rows.map((row) => [row.id, row]));
    const unchanged = ({ row }: Entry) => {
      const same = now.get(row.id);
      return same?.fence === row.fence && same.updatedAt.getTime() === row.updatedAt.getTime();
    };
    const standing = await tx.driftFinding.findMany({
      where: { organizationId, networkId, what: { not: 'orphan' }, state: { in: [...STANDING] } },
    });
    const off = new Map(look.found.map((one) => [one.entry.row.id, one]));
    let changed = 0;
    for (const entry of look.seen.filter(unchanged)) {
      const before = standing.find((one) => isOf(one, entry.row));
      const found = off.get(entry.row.id);
      if (found) changed += await stand(tx, context, found, before);
      else if (before) changed += await end(tx, before, checkedAt);
    }
    for (const one of standing)
      if (!rows.some((row) => row.status !== 'gone' && isOf(one, row)))
        changed += await end(tx, one, checkedAt);
    if (look.complete)
      await tx.network.update({ where: { id: networkId }, data: { driftCheckedAt: checkedAt } });
    if (changed > 0) await notify(tx, CHANNEL.presence, JSON.stringify({ networkId }));
    return true;
  });
}

const isOf = (
  finding: Pick<DriftFinding, 'clusterId' | 'key'>,
  row: Pick<CloudResource, 'clusterId' | 'key'>,
) => finding.clusterId === row.clusterId && finding.key === row.key;

async function stand(
  tx: Transaction,
  context: Context,
  { entry, drift, changedBy }: Found,
  before: DriftFinding | undefined,
): Promise<number> {
  const { row } = entry;
  const differences = drift.differences.map((one) => ({ ...one }));
  const told = changedBy ? { changedBy } : {};
  if (!before) {
    await tx.driftFinding.create({
      data: {
        id: newId('finding', context.random),
        organizationId: row.organizationId,
        networkId: row.networkId,
        clusterId: row.clusterId,
        cloudAccountId: row.cloudAccountId,
        provider: row.provider,
        region: row.region,
        kind: row.kind,
        key: row.key,
        externalId: row.externalId,
        what: drift.what,
        differences,
        ...told,
        foundAt: context.now(),
      },
    });
    return 1;
  }
  const same = before.what === drift.what && textOf(before.differences) === textOf(differences);
  // Mending has ended, or a person dismissed something else than this.
  const state: DriftState = before.state === 'dismissed' && same ? 'dismissed' : 'open';
  if (same && state === before.state && (before.changedBy !== null || !changedBy)) return 0;
  await tx.driftFinding.update({
    where: { id: before.id },
    data: { what: drift.what, differences, state, ...told },
  });
  return 1;
}

/** Columns do not keep the order of an object's fields. */
const textOf = (differences: unknown) =>
  JSON.stringify(
    (differences as { field: string; expected: string; found: string }[]).map((one) => [
      one.field,
      one.expected,
      one.found,
    ]),
  );

/** Healed where an operation of ours was made for it, else it went by itself. */
async function end(tx: Transaction, before: DriftFinding, at: Date): Promise<number> {
  const mended = before.operationId
    ? await tx.operation.count({ where: { id: before.operationId, state: 'succeeded' } })
    : 0;
  await tx.driftFinding.update({
    where: { id: before.id },
    data: { state: mended > 0 ? 'healed' : 'gone', endedAt: at },
  });
  return 1;
}
