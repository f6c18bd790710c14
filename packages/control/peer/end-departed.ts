import type { Topology } from '@skein/contract/primitive.ts';
import type { Context } from '../context.ts';
import { kubernetesOf } from '../kubernetes/of.ts';
import { lockNetwork } from '../network/lock.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { removePeerSteps } from '../operation/steps/remove.ts';

/** After a failure a person has so long to retry the step, before the same is tried by a new operation. */
const PAUSE_AFTER_FAILURE_SECONDS = 3600;

/**
 * A node that Skein made and that left by itself leaves its instance behind, running and paid for. Where nothing else
 * is under way in such a network, makes the operation that removing the peer would have made. One that a person
 * cancelled is not made again. Answers how many operations were made.
 */
export async function endDeparted(base: Omit<Context, 'actor'>): Promise<number> {
  const departed = await base.database.$queryRaw<Departed[]>`
    SELECT DISTINCT ON (p."networkId") p.id, p."networkId", p."organizationId"
    FROM cloud_resource r
    JOIN cluster c ON c.id = r."clusterId" AND c.state = 'ready' AND c."deletedAt" IS NULL
    JOIN network n ON n.id = r."networkId" AND n.state IN ('ready', 'degraded') AND n."deletedAt" IS NULL
    JOIN peer p ON p."clusterId" = c.id AND p.managed AND p."removedAt" IS NOT NULL
      AND r.key IN ('instance/' || p.name, 'address/' || p.name)
    WHERE r.status <> 'gone'
      AND NOT EXISTS (SELECT 1 FROM peer q WHERE q."clusterId" = c.id AND q.name = p.name AND q.managed
        AND (q."removedAt" IS NULL OR q."removedAt" > p."removedAt"))
      AND NOT EXISTS (SELECT 1 FROM operation o WHERE o."networkId" = n.id
        AND o.state::text = ANY(${[...OPEN_STATES]}))
      AND NOT EXISTS (SELECT 1 FROM operation o JOIN step s ON s."operationId" = o.id
        WHERE o."networkId" = n.id AND o.kind = 'remove-peer' AND o."createdAt" >= p."removedAt"
          AND s."clusterId" = c.id AND s.kind = 'delete' AND s.input->'keys' ? r.key
          AND (o.state = 'cancelled'
            OR o."finishedAt" > now() - make_interval(secs => ${PAUSE_AFTER_FAILURE_SECONDS}::float8)))
    ORDER BY p."networkId", p."removedAt", p.id LIMIT 100`;
  let made = 0;
  for (const one of departed) {
    const actor = { kind: 'system', id: 'end-departed', organizationId: one.organizationId } as const;
    if (await endOne({ ...base, actor }, one)) made += 1;
  }
  return made;
}

interface Departed {
  id: string;
  networkId: string;
  organizationId: string;
}

async function endOne(context: Context, { id, networkId }: Departed): Promise<boolean> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    // Under the lock no operation appears, and of several workers one makes it.
    await lockNetwork(tx, organizationId, networkId);
    const open = await tx.operation.count({ where: { networkId, state: { in: [...OPEN_STATES] } } });
    const clusters = await tx.cluster.findMany({
      where: { networkId, organizationId, deletedAt: null },
      include: { peers: { where: { removedAt: null } } },
    });
    const network = await tx.network.findUniqueOrThrow({
      where: { id: networkId },
      select: { topology: true },
    });
    const peer = await tx.peer.findUniqueOrThrow({ where: { id, organizationId } });
    const cluster = clusters.find((one) => one.id === peer.clusterId);
    const borne = cluster?.peers.some((one) => one.managed && one.name === peer.name);
    const left = await tx.cloudResource.count({
      where: {
        organizationId,
        clusterId: peer.clusterId,
        key: { in: [`instance/${peer.name}`, `address/${peer.name}`] },
        status: { not: 'gone' },
      },
    });
    if (open > 0 || !cluster || cluster.state !== 'ready' || borne || left === 0) return undefined;
    const kubernetes = kubernetesOf(cluster);
    const drained = kubernetes?.distribution === 'k3s' && kubernetes.server !== peer.name;
    return createOperation(tx, context, {
      networkId,
      kind: 'remove-peer',
      title: `Clear up after ${peer.name}, which left ${cluster.name}`,
      steps: removePeerSteps(
        { ...peer, cluster: cluster.name, drained },
        clusters.map((one) => ({ ...one, kubernetes: kubernetesOf(one) })),
        network.topology as Topology,
      ),
      clusterIds: new Map(clusters.map((one) => [one.name, one.id])),
    });
  });
  if (operation) await wakeFor(context, operation);
  return operation !== undefined;
}
