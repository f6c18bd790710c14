import type { Transaction } from '@skein/database/client.ts';
import type { DriftFinding } from '@skein/database/generated/client.ts';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { lockNetwork } from '../network/lock.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES, refuseWhileOpen } from '../operation/open.ts';
import { healSteps } from '../operation/steps/heal.ts';
import type { Operation } from '../operation/view.ts';

/** After a mending that did not help, the worker leaves it to people for so long. */
const PAUSE_AFTER_FAILURE_SECONDS = 3600;

/** Mends one finding because a person says so, whatever the network's policy. */
export async function healFinding(context: Context, input: { id: string }): Promise<Operation> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    const known = await tx.driftFinding.findFirst({ where: { id: input.id, organizationId } });
    const networkId = known?.networkId;
    if (!known || !networkId) throw new Refusal('not-found', 'There is no such finding.');
    if (known.what === 'orphan')
      throw new Refusal('conflict', 'This belongs to nothing that Skein knows: it can only be deleted.');
    await lockNetwork(tx, organizationId, networkId);
    await refuseWhileOpen(tx, organizationId, networkId);
    const finding = await tx.driftFinding.findUniqueOrThrow({ where: { id: known.id } });
    if (finding.state !== 'open' && finding.state !== 'dismissed')
      throw new Refusal('conflict', `There is nothing to mend: the finding is ${finding.state}.`);
    const made = await mend(tx, context, networkId, [finding]);
    if (!made)
      throw new Refusal('conflict', 'What was found belongs to a cluster that is not there any more.');
    await recordAudit(tx, context, 'drift.heal', finding.id, { key: finding.key, operationId: made.id });
    return made;
  });
  await wakeFor(context, operation);
  return operation;
}

/**
 * Where the network's policy is to mend by itself: an operation for all that is found and was not tried lately.
 * Undefined where there is nothing to do, or something else is under way.
 */
export async function healByPolicy(context: Context, input: { id: string }): Promise<Operation | undefined> {
  const { organizationId } = context.actor;
  const { id } = input;
  const operation = await context.database.$transaction(async (tx) => {
    await lockNetwork(tx, organizationId, id);
    const network = await tx.network.findFirst({
      where: {
        id,
        organizationId,
        deletedAt: null,
        driftPolicy: 'heal',
        state: { in: ['ready', 'degraded'] },
      },
      select: { id: true },
    });
    const open = await tx.operation.count({ where: { networkId: id, state: { in: [...OPEN_STATES] } } });
    if (!network || open > 0) return undefined;
    const findings = await tx.driftFinding.findMany({
      where: { organizationId, networkId: id, state: 'open', what: { not: 'orphan' } },
      orderBy: [{ key: 'asc' }, { id: 'asc' }],
    });
    const tried = await tx.operation.findMany({
      where: {
        id: { in: findings.flatMap((one) => one.operationId ?? []) },
        finishedAt: { gt: new Date(context.now().getTime() - PAUSE_AFTER_FAILURE_SECONDS * 1000) },
      },
      select: { id: true },
    });
    const lately = new Set(tried.map((one) => one.id));
    const due = findings.filter((one) => !one.operationId || !lately.has(one.operationId));
    return due.length > 0 ? mend(tx, context, id, due) : undefined;
  });
  if (operation) await wakeFor(context, operation);
  return operation;
}

/** The operation that mends `findings` of one network, whose lock the caller holds; undefined where no step could. */
async function mend(
  tx: Transaction,
  context: Context,
  networkId: string,
  findings: readonly DriftFinding[],
): Promise<Operation | undefined> {
  const { organizationId } = context.actor;
  const network = await tx.network.findUniqueOrThrow({ where: { id: networkId }, select: { name: true } });
  const clusters = await tx.cluster.findMany({
    where: { networkId, organizationId, deletedAt: null, state: 'ready', cloudAccountId: { not: null } },
    include: { peers: { where: { removedAt: null, managed: true }, orderBy: { name: 'asc' } } },
    orderBy: { name: 'asc' },
  });
  const nameOf = (id: string | null) => clusters.find((cluster) => cluster.id === id)?.name ?? null;
  const peerOf = ({ kind, key }: DriftFinding) => {
    const peeredWith = kind === 'peering' ? nameOf(key.slice('peering/'.length)) : null;
    return peeredWith === null ? {} : { peeredWith };
  };
  const steps = healSteps(
    findings
      .filter((one) => one.clusterId === null || nameOf(one.clusterId) !== null)
      .map((one) => ({
        kind: one.kind,
        key: one.key,
        what: one.what === 'missing' ? 'missing' : 'changed',
        cluster: nameOf(one.clusterId),
        ...peerOf(one),
      })),
    clusters,
  );
  if (steps.length === 0) return undefined;
  const [first] = findings;
  const operation = await createOperation(tx, context, {
    networkId,
    kind: 'heal',
    title:
      findings.length === 1 && first
        ? `Mend ${first.key} of ${nameOf(first.clusterId) ?? network.name}`
        : `Mend ${findings.length} differences in ${network.name}`,
    steps,
    clusterIds: new Map(clusters.map((cluster) => [cluster.name, cluster.id])),
  });
  await tx.driftFinding.updateMany({
    where: { id: { in: findings.map((one) => one.id) }, organizationId },
    data: { state: 'healing', operationId: operation.id },
  });
  await expectAgain(tx, context, networkId, findings);
  return operation;
}

/** The keys of a machine that is gone are gone with it: its peer is expected anew, and nobody sends to it until then. */
async function expectAgain(
  tx: Transaction,
  context: Context,
  networkId: string,
  findings: readonly DriftFinding[],
): Promise<void> {
  const { organizationId } = context.actor;
  const lost = findings.filter((one) => one.kind === 'instance' && one.what === 'missing');
  if (lost.length === 0) return;
  const peers = await tx.peer.findMany({
    where: {
      organizationId,
      networkId,
      managed: true,
      removedAt: null,
      OR: lost.map((one) => ({
        clusterId: one.clusterId ?? '',
        name: one.key.slice('instance/'.length),
      })),
    },
    select: { id: true, name: true },
  });
  await tx.peer.updateMany({
    where: { id: { in: peers.map((peer) => peer.id) } },
    data: {
      identityKey: null,
      wireguardKey: null,
      privateAddress: null,
      enrolledAt: null,
      connectedAt: null,
      disconnectedAt: null,
      appliedNumber: null,
      endpoints: [],
      links: [],
    },
  });
  if (peers.length > 0)
    await publishRevision(
      tx,
      organizationId,
      networkId,
      peers.map((peer) => ({ peer: peer.id })),
      `${peers.map((peer) => peer.name).join(', ')} lost ${peers.length === 1 ? 'its machine' : 'their machines'}`,
    );
}
