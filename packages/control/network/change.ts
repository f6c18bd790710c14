import type { NetworkChange } from '@skein/contract/rest/network.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import type { Operation } from '../operation/view.ts';
import { lockNetwork } from './lock.ts';
import { changedSettings } from './plan/after/settings.ts';
import { holdTo } from './plan/hold.ts';
import { loadBook } from './plan/load.ts';

/**
 * Changes the topology, the ports that are open between clusters, the peering, what is done about drift: what is given.
 * The operation ends when all connected agents have applied new maps and every peering stands, or none does.
 */
export async function changeNetwork(
  context: Context,
  input: { id: string; planHash?: string | undefined } & NetworkChange,
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { id, planHash, ...wish } = input;
  const operation = await context.database.$transaction(async (tx) => {
    await lockNetwork(tx, organizationId, id);
    const book = await loadBook(tx, organizationId, id);
    const { state } = await tx.network.findUniqueOrThrow({ where: { id }, select: { state: true } });
    if (state === 'deleting') throw new Refusal('not-found', 'There is no such network.');
    await refuseWhileOpen(tx, organizationId, id);
    const change = changedSettings(book, wish);
    holdTo(planHash, book, change);

    const { policy, peering, driftPolicy } = change.after;
    const { newTopology } = change;
    const data = {
      peering,
      driftPolicy,
      // One that was to come when an earlier operation was cancelled comes no more.
      nextTopology: newTopology?.topology ?? null,
      nextHubClusterId: newTopology?.hubClusterId ?? null,
      ...(change.newPorts && { policy, policyNumber: { increment: 1 } }),
    };
    await tx.network.update({ where: { id, organizationId }, data });
    const revision = change.newPorts
      ? await publishRevision(tx, organizationId, id, [{ network: true }], 'allowed ports changed')
      : null;
    const steps = change.steps.map((step) =>
      // A step before it may publish a newer one: then it asks for the newest itself.
      step.kind === 'applied' && revision !== null && !newTopology ? { ...step, input: { revision } } : step,
    );
    const { kind, title } = change;
    const clusterIds = new Map(book.shape.clusters.map((cluster) => [cluster.name, cluster.id]));
    await recordAudit(tx, context, 'network.change', id, {
      peering,
      driftPolicy,
      ...newTopology,
      ...(change.newPorts && { policy }),
    });
    return createOperation(tx, context, { networkId: id, kind, title, steps, clusterIds });
  });
  await wakeFor(context, operation);
  return operation;
}
