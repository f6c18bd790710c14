import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { Transaction } from '@skein/database/client.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { loadSnapshot } from '../map/snapshot.ts';
import { createOperation, wakeFor } from '../operation/create.ts';
import { OPEN_STATES } from '../operation/open.ts';
import { loadCallers } from '../operation/step/callers.ts';
import { recordsDigest } from '../operation/step/names.ts';
import { firewallStep, recordsStep } from '../operation/steps/provision.ts';
import { lockNetwork } from './lock.ts';

/** After a failure the same is not tried again before so long; a person may retry the step at any time. */
const PAUSE_AFTER_FAILURE_SECONDS = 300;

/**
 * Hosted zones and security groups follow the network: where a node joined by the one-liner, left, or moved, and no
 * operation is under way that writes records anyway, an operation is made that does. Revisions that change no name
 * and no caller's address lead to nothing. Answers how many operations were made.
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

/** Clusters one of whose groups was written for other callers, or other ports, than those of now. */
async function staleFirewalls(
  tx: Transaction,
  organizationId: string,
  networkId: string,
): Promise<{ id: string; name: string }[]> {
  const callers = await loadCallers(tx, organizationId, networkId);
  const groups = await tx.cloudResource.findMany({
    where: {
      organizationId,
      networkId,
      key: { in: ['firewall/gateway', 'firewall/member'] },
      status: 'present',
      cluster: { deletedAt: null, state: { not: 'deleting' } },
    },
    select: { key: true, spec: true, cluster: { select: { id: true, name: true } } },
    orderBy: { id: 'asc' },
  });
  const stale = new Map<string, { id: string; name: string }>();
  for (const { key, spec, cluster } of groups) {
    const wanted = cluster && callers.get(cluster.id);
    if (!cluster || !wanted) continue;
    const { rules } = Written.parse(spec);
    // Their VPC's range is what it was when the group was made.
    const vpcCidr = rules.find((rule) => rule.cidrs.some((cidr) => !cidr.endsWith('/32')))?.cidrs[0] ?? '';
    const group = key === 'firewall/gateway' ? wanted.gateway : wanted.member;
    const { planes } = wanted;
    const now = clusterRules({ vpcCidr, wireguardPort: WIREGUARD_PORT, planes }, group);
    if (permissionsText(now) !== permissionsText(rules)) stale.set(cluster.id, cluster);
  }
  return [...stale.values()];
}

const Written = z.object({
  rules: z.array(z.object({ fromPort: z.int(), toPort: z.int(), cidrs: z.array(z.string()) })),
});

function permissionsText(
  rules: readonly { fromPort: number; toPort: number; cidrs: readonly string[] }[],
): string {
  const each = rules.flatMap(({ fromPort, toPort, cidrs }) =>
    cidrs.map((cidr) => `${fromPort}-${toPort} ${cidr}`),
  );
  return [...new Set(each)].sort().join();
}
