import type { Context } from '../context.ts';
import { loadSnapshot } from '../map/snapshot.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { gatewayAddresses, othersThan, peeredGatewayAddresses } from '../operation/step/gateway-addresses.ts';
import { recordsDigest } from '../operation/step/names.ts';
import { firewallStep, recordsStep } from '../operation/steps/provision.ts';
import { lockNetwork } from './lock.ts';

/** After a failure the same is not tried again before so long; a person may retry the step at any time. */
const PAUSE_AFTER_FAILURE_SECONDS = 300;

/**
 * Hosted zones and security groups follow the network: where a node joined by the one-liner, left, or moved, and no
 * operation is under way that writes records anyway, an operation is made that does. Revisions that change no name
 * and no gateway's address lead to nothing. Answers how many operations were made.
 */
export async function followNames(base: Omit<Context, 'actor'>): Promise<number> {
  const { database } = base;
  const behind = await database.$queryRaw<{ id: string; organizationId: string }[]>`
    SELECT n.id, n."organizationId" FROM network n
    WHERE n."deletedAt" IS NULL AND n.state IN ('ready', 'degraded', 'failed') AND n.revision > n."recordsRevision"
      AND EXISTS (SELECT 1 FROM cloud_resource r WHERE r."networkId" = n.id AND r.kind = 'zone' AND r.status = 'present')
      AND NOT EXISTS (SELECT 1 FROM operation o WHERE o."networkId" = n.id
        AND (o.state::text = ANY(${[...OPEN_STATES]}) OR (o.kind = 'records' AND o.state = 'failed'
          AND o."finishedAt" > now() - make_interval(secs => ${PAUSE_AFTER_FAILURE_SECONDS}::float8))))
    ORDER BY n.id LIMIT 100`;
  let made = 0;
  for (const { id, organizationId } of behind) {
    const context: Context = { ...base, actor: { kind: 'system', id: 'follow-names', organizationId } };
    if (await followOne(context, id)) made += 1;
  }
  return made;
}

async function followOne(context: Context, networkId: string): Promise<boolean> {
  const { organizationId } = context.actor;
  const operation = await context.database.$transaction(async (tx) => {
    // Under the lock no operation and no revision appears, and of several workers one makes it.
    await lockNetwork(tx, organizationId, networkId);
    const network = await tx.network.findFirst({
      where: { id: networkId, deletedAt: null },
      select: { name: true, recordsDigest: true },
    });
    const open = await tx.operation.count({ where: { networkId, state: { in: [...OPEN_STATES] } } });
    const snapshot = await loadSnapshot(tx, networkId);
    if (!network || open > 0 || !snapshot) return undefined;

    const stale = await staleFirewalls(tx, organizationId, networkId);
    if (recordsDigest(snapshot) === network.recordsDigest && stale.length === 0) {
      await tx.network.update({ where: { id: networkId }, data: { recordsRevision: snapshot.number } });
      return undefined;
    }
    return createOperation(tx, context, {
      networkId,
      kind: 'records',
      title: `Bring DNS of ${network.name} up to date`,
      steps: [recordsStep([]), ...stale.map((cluster) => firewallStep(cluster.name, []))],
      clusterIds: new Map(stale.map((cluster) => [cluster.name, cluster.id])),
    });
  });
  if (operation) await wakeFor(context, operation);
  return operation !== undefined;
}

/** Clusters whose gateway group was written for other gateways' addresses than those of now. */
async function staleFirewalls(
  tx: Parameters<typeof gatewayAddresses>[0],
  organizationId: string,
  networkId: string,
): Promise<{ id: string; name: string }[]> {
  const addresses = await gatewayAddresses(tx, organizationId, networkId);
  const peered = await peeredGatewayAddresses(tx, organizationId, networkId);
  const groups = await tx.cloudResource.findMany({
    where: {
      organizationId,
      networkId,
      key: 'firewall/gateway',
      status: 'present',
      cluster: { deletedAt: null, state: { not: 'deleting' } },
    },
    select: { spec: true, cluster: { select: { id: true, name: true } } },
  });
  return groups.flatMap(({ spec, cluster }) => {
    if (!cluster) return [];
    const written = (spec as { rules: { cidrs: string[] }[] }).rules.flatMap((rule) => rule.cidrs);
    const callers = [...othersThan(cluster.id, addresses), ...(peered.get(cluster.id) ?? [])];
    const wanted = callers.map((address) => `${address}/32`);
    // The one other rule is for the whole VPC.
    const known = new Set(written.filter((cidr) => cidr.endsWith('/32')));
    const same = known.size === new Set(wanted).size && wanted.every((cidr) => known.has(cidr));
    return same ? [] : [{ id: cluster.id, name: cluster.name }];
  });
}
