import { openDns } from '../../cloud/open.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { making, recorded } from './ledger.ts';
import { callOf, networkOf } from './site.ts';
import { readNetwork } from './states.ts';

/** Kind `zones`: the public zone, and a private one bound to each cluster's VPC. */
export const makeZones: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const network = await networkOf(run);
  const { database } = run.context;
  const zones: string[] = [];
  if (network.dnsCloudAccountId) {
    const account = await database.cloudAccount.findFirst({
      where: { id: network.dnsCloudAccountId, organizationId },
    });
    if (account) {
      const spec = {
        organizationId,
        networkId,
        key: 'public',
        name: network.zone,
        visibility: 'public' as const,
        vpcs: [],
      };
      const intent = {
        clusterId: null,
        account,
        region: 'global',
        key: 'zone/public',
        kind: 'zone' as const,
      };
      const state = await making(
        run,
        { ...intent, spec: { name: spec.name, key: spec.key }, summary: `public zone ${network.zone}` },
        () => openDns(run.context, account).reconcileZone(spec, callOf(run)),
        (made) => made.externalId,
      );
      run.log(
        `The public zone ${network.zone} answers at ${state.nameServers.join(', ') || 'no name server yet'}.`,
      );
      zones.push(state.externalId);
    }
  }
  const clusters = await database.cluster.findMany({
    where: {
      networkId,
      organizationId,
      deletedAt: null,
      state: { not: 'deleting' },
      cloudAccountId: { not: null },
    },
    include: { cloudAccount: true },
    orderBy: { name: 'asc' },
  });
  for (const cluster of clusters) zones.push(...(await privateZone(run, network.zone, cluster)));
  return { zones };
};

async function privateZone(
  run: StepRun,
  name: string,
  cluster: { id: string; name: string; region: string; cloudAccount: Parameters<typeof openDns>[1] | null },
): Promise<string[]> {
  const { organizationId, networkId } = run.step;
  const account = cluster.cloudAccount;
  const vpc = await recorded(run, { clusterId: cluster.id, key: 'network' }, readNetwork);
  if (!account || !vpc) return [];
  const spec = {
    organizationId,
    networkId,
    key: privateZoneKey(cluster.id),
    name,
    visibility: 'private' as const,
    vpcs: [{ id: vpc.externalId, region: cluster.region }],
  };
  const state = await making(
    run,
    {
      clusterId: cluster.id,
      account,
      region: cluster.region,
      key: 'zone/private',
      kind: 'zone',
      spec: { name, key: spec.key, vpc: vpc.externalId },
      summary: `private zone ${name} for the VPC of ${cluster.name}`,
    },
    () => openDns(run.context, account).reconcileZone(spec, callOf(run)),
    (made) => made.externalId,
  );
  return [state.externalId];
}

/** The zone's key within its network. */
export function privateZoneKey(clusterId: string): string {
  return `private/${clusterId}`;
}
