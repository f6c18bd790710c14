import type { OperationState } from '@skein/contract/rest/operation.ts';
import type { Transaction } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import { verdictOf } from './verdict.ts';

/**
 * Finishes the operation when none of its steps can run any more, lets network and clusters follow, and tells
 * listeners. The caller holds the operation's row lock.
 */
export async function settleOperation(
  tx: Transaction,
  operationId: string,
  now: Date,
): Promise<OperationState> {
  const operation = await tx.operation.findUniqueOrThrow({
    where: { id: operationId },
    include: { steps: { select: { key: true, state: true, dependsOn: true, evenAfterFailure: true } } },
  });
  await notify(tx, CHANNEL.operation, JSON.stringify({ operationId }));
  const verdict = verdictOf(operation.state, operation.steps);
  if (verdict === 'open') return operation.state;
  await tx.operation.update({ where: { id: operationId }, data: { state: verdict, finishedAt: now } });
  await followEnd(tx, operation, verdict);
  return verdict;
}

interface Ended {
  id: string;
  kind: string;
  networkId: string | null;
}

async function followEnd(tx: Transaction, operation: Ended, verdict: 'succeeded' | 'failed' | 'cancelled') {
  const networkId = operation.networkId;
  const network = networkId ? await tx.network.findUnique({ where: { id: networkId } }) : null;
  if (!network || network.deletedAt) return;
  const done = verdict === 'succeeded';
  // Of a provision that failed, clusters whose nodes all joined are ready nevertheless; with Kubernetes, those whose pods
  // reach each other.
  const made = [
    ...(await subjects(tx, operation.id, 'join')),
    ...(await subjects(tx, operation.id, 'cni-probe')),
  ];
  const missed = made.filter((step) => step.state !== 'succeeded').map((step) => step.clusterId);
  const joined = made.map((step) => step.clusterId).filter((id) => !missed.includes(id));
  const kept = (await subjects(tx, operation.id, 'forget-cluster')).map((step) => step.clusterId);
  const move = (ids: string[], from: 'provisioning' | 'deleting', to: 'ready' | 'failed') =>
    tx.cluster.updateMany({ where: { id: { in: ids }, state: from, deletedAt: null }, data: { state: to } });
  await move(joined, 'provisioning', 'ready');
  await move(missed, 'provisioning', 'failed');
  await move(kept, 'deleting', 'failed');

  const unwell = await tx.cluster.count({
    where: { networkId: network.id, deletedAt: null, state: { not: 'ready' } },
  });
  const whole = operation.kind === 'provision' || operation.kind === 'teardown';
  const state = done ? (unwell === 0 ? 'ready' : 'degraded') : whole ? 'failed' : 'degraded';
  // A topology that was to come comes no more; whoever follows names and rules closes what was opened for it.
  const waived = verdict === 'cancelled' && network.nextTopology !== null;
  const unplanned = { nextTopology: null, nextHubClusterId: null, recordsRevision: network.revision - 1 };
  await tx.network.update({ where: { id: network.id }, data: { state, ...(waived && unplanned) } });
  await notify(tx, CHANNEL.presence, JSON.stringify({ networkId: network.id }));
}

/** Puts network and clusters back to being worked on, as when a failed operation goes on. */
export async function followReopening(tx: Transaction, operation: Ended): Promise<void> {
  if (!operation.networkId) return;
  const state =
    operation.kind === 'teardown' ? 'deleting' : operation.kind === 'provision' ? 'provisioning' : null;
  if (state) await tx.network.update({ where: { id: operation.networkId }, data: { state } });
  const reopen = async (kind: Subject, to: 'provisioning' | 'deleting') => {
    const ids = (await subjects(tx, operation.id, kind)).map((step) => step.clusterId);
    await tx.cluster.updateMany({ where: { id: { in: ids }, state: 'failed' }, data: { state: to } });
  };
  await reopen('join', 'provisioning');
  await reopen('forget-cluster', 'deleting');
}

/** Kinds of steps that say of a cluster what became of it. */
type Subject = 'join' | 'cni-probe' | 'forget-cluster';

/** The clusters that an operation makes (`join`, `cni-probe`) or removes (`forget-cluster`), by its steps of that kind. */
async function subjects(tx: Transaction, operationId: string, kind: Subject) {
  const steps = await tx.step.findMany({
    where: { operationId, kind },
    select: { clusterId: true, state: true },
  });
  return steps.flatMap((step) => (step.clusterId ? [{ clusterId: step.clusterId, state: step.state }] : []));
}
