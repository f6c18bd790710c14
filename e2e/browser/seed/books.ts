/** What our books say that the clouds hold, as the steps of provisioning write it. */
import { newId, WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import type { Context } from '@skein/control/context.ts';
import { loadBook } from '@skein/control/network/plan/load.ts';
import { callersIn, cloudClusters } from '@skein/control/network/plan/shape.ts';
import { thingsOf } from '@skein/control/network/plan/things.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';

const PREFIXES: Record<string, string> = {
  network: 'vpc-',
  firewall: 'sg-',
  address: 'eipalloc-',
  instance: 'i-',
  zone: 'Z',
};

type Of = Pick<Context, 'database' | 'random'> & { actor: Pick<Context['actor'], 'organizationId'> };

/** Everything that the network should have is present. */
export async function hold({ database, random, actor }: Of, networkId: string): Promise<void> {
  const { organizationId } = actor;
  const { shape, rows } = await loadBook(database, organizationId, networkId);
  const clusters = new Map(cloudClusters(shape).map((cluster) => [cluster.id, cluster]));
  const callers = callersIn(shape);
  for (const { clusterId, kind, rowKey, provider, region, summary } of thingsOf(shape)) {
    if (rows.some((row) => row.clusterId === clusterId && row.key === rowKey)) continue;
    const cluster = clusterId === null ? undefined : clusters.get(clusterId);
    const cloudAccountId = cluster?.cloudAccountId ?? shape.dns?.cloudAccountId ?? '';
    const role = rowKey === 'firewall/gateway' ? 'gateway' : 'member';
    const from = cluster && callers.get(cluster.id);
    const rules =
      from && kind === 'firewall'
        ? clusterRules(
            { vpcCidr: cluster.vpcCidr, wireguardPort: WIREGUARD_PORT, planes: from.planes },
            from[role],
          )
        : [];
    const id = new Uint8Array(8);
    random(id);
    await database.cloudResource.create({
      data: {
        id: newId('cloudResource', random),
        organizationId,
        networkId,
        clusterId,
        cloudAccountId,
        key: rowKey,
        kind,
        provider,
        region,
        externalId: `${PREFIXES[kind] ?? ''}${Buffer.from(id).toString('hex')}`,
        spec: JSON.parse(JSON.stringify({ rules })),
        status: 'present',
        summary,
      },
    });
  }
}
