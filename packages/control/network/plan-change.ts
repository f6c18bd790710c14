import type { NetworkPlan, PlannedChange } from '@skein/contract/rest/network.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { addedCluster } from './plan/after/add-cluster.ts';
import { addedNodes } from './plan/after/add-nodes.ts';
import type { Change } from './plan/after/change.ts';
import { deleted, removedCluster, removedPeer } from './plan/after/remove.ts';
import { changedSettings } from './plan/after/settings.ts';
import { upgradedKubernetes } from './plan/after/upgrade.ts';
import type { Known } from './plan/draft.ts';
import { lookAtExisting } from './plan/existing.ts';
import { otherRanges } from './plan/hold.ts';
import { knownTo } from './plan/known.ts';
import { loadBook } from './plan/load.ts';
import { planOf } from './plan/plan-of.ts';
import { askQuotas } from './plan/quotas.ts';
import type { Book } from './plan/shape.ts';

/** What a change of a network that is there would do. Changes nothing, here or in a cloud. */
export async function planChange(
  context: Context,
  input: { id: string; change: PlannedChange },
): Promise<NetworkPlan> {
  const { database, actor } = context;
  const { organizationId } = actor;
  const { id, change: wish } = input;
  const living = await database.network.findFirst({
    where: { id, organizationId, deletedAt: null },
    select: { state: true },
  });
  if (!living || (living.state === 'deleting' && wish.change !== 'delete'))
    throw new Refusal('not-found', 'There is no such network.');
  // Deleting cancels what is under way; everything else is refused as making the change would be.
  if (wish.change !== 'delete') await refuseWhileOpen(database, organizationId, id);
  const adds = wish.change === 'add-cluster' ? [wish] : [];
  const existing = await lookAtExisting(context, adds, () => '');
  const { book, known, ranges } = await database.$transaction(
    async (tx) => ({
      book: await loadBook(tx, organizationId, id),
      known: await knownTo(tx, organizationId, existing),
      ranges: await otherRanges(tx, organizationId, id),
    }),
    // All that the plan is made of is of one moment, though nothing is locked.
    { isolationLevel: 'RepeatableRead' },
  );
  const change = changeOf(book, wish, known);
  const plan = planOf(book, change, ranges);
  const quotas = await askQuotas(context, book.accounts, change.after, plan.resources);
  return { ...plan, warnings: [...plan.warnings, ...quotas] };
}

function changeOf(book: Book, wish: PlannedChange, known: Known): Change {
  switch (wish.change) {
    case 'settings':
      return changedSettings(book, wish);
    case 'add-cluster': {
      const { change: _, ...wanted } = wish;
      return addedCluster(book.shape, wanted, known);
    }
    case 'add-nodes':
      return addedNodes(book, wish.clusterId, wish.nodes);
    case 'upgrade-kubernetes':
      return upgradedKubernetes(book, wish.clusterId, wish.version);
    case 'remove-peer':
      return removedPeer(book, wish.peerId);
    case 'remove-cluster':
      return removedCluster(book, wish.clusterId);
    case 'delete':
      return deleted(book);
  }
}
