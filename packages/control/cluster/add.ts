import type { NewCluster } from '@skein/contract/rest/network.ts';
import type { z } from 'zod';
import { recordAudit } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { publishRevision } from '../map/publish.ts';
import { draftCluster } from '../network/plan/draft.ts';
import { knownTo, lockRanges, refusal } from '../network/plan.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { refuseWhileOpen } from '../operation/open.ts';
import { addClusterSteps } from '../operation/steps/provision.ts';
import type { Operation } from '../operation/view.ts';
import { writeCluster } from './write.ts';

/** Adds a cluster to a network: its ranges and expected peers at once, its cloud by the operation. */
export async function addCluster(
  context: Context,
  input: { networkId: string } & z.infer<typeof NewCluster>,
): Promise<Operation> {
  const { organizationId } = context.actor;
  const { networkId, ...wanted } = input;
  const operation = await context.database.$transaction(async (tx) => {
    await lockRanges(tx, organizationId);
    const network = await tx.network.findFirst({
      where: { id: networkId, organizationId, deletedAt: null, state: { not: 'deleting' } },
      include: {
        clusters: { where: { deletedAt: null }, include: { peers: { where: { removedAt: null } } } },
      },
    });
    if (!network) throw new Refusal('not-found', 'There is no such network.');
    await refuseWhileOpen(tx, organizationId, networkId);
    if (network.clusters.some((cluster) => cluster.name === wanted.name))
      throw refusal([{ path: 'name', message: `there is a cluster named ${wanted.name} already` }]);
    const known = await knownTo(tx, organizationId);
    const takenOverlay = network.clusters.map((cluster) => cluster.overlayCidr);
    const drafted = draftCluster(wanted, network.cidr, { ...known, takenOverlay });
    if (!drafted.ok) throw refusal(drafted.problems);

    const id = await writeCluster(tx, context, networkId, drafted.cluster);
    const operation = await createOperation(tx, context, {
      networkId,
      kind: 'add-cluster',
      title: `Add the cluster ${wanted.name} to ${network.name}`,
      steps: addClusterSteps(drafted.cluster, network.clusters, network.dnsCloudAccountId !== null),
      clusterIds: new Map([...network.clusters.map((one) => [one.name, one.id] as const), [wanted.name, id]]),
    });
    await recordAudit(tx, context, 'cluster.add', id, {
      networkId,
      name: wanted.name,
      operationId: operation.id,
    });
    await publishRevision(tx, organizationId, networkId, [{ cluster: id }], `${wanted.name} was added`);
    return operation;
  });
  await wakeFor(context, operation);
  return operation;
}
