import type { ZoneSpec } from '@skein/dns/provider.ts';
import { dnsService } from '@skein/dns/registry.ts';
import { openDns } from '../../cloud/open.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { making, recorded } from './ledger.ts';
import { eachZone } from './side-by-side.ts';
import { callOf, networkOf } from './site.ts';
import { readNetwork } from './states.ts';

type Account = Parameters<typeof openDns>[1];

/** Kind `zones`: the public zone, and a private one bound to each cluster's VPC, side by side. */
export const makeZones: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const network = await networkOf(run);
  const { database } = run.context;
  const account = network.dnsCloudAccountId
    ? await database.cloudAccount.findFirst({ where: { id: network.dnsCloudAccountId, organizationId } })
    : null;
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
  const zones: string[] = [];
  const name = network.zone;
  await eachZone(run, [
    ...(account
      ? [
          {
            what: `the public zone ${name}`,
            work: async () => void zones.push(await publicZone(run, name, account)),
          },
        ]
      : []),
    ...clusters.map((cluster) => ({
      what: `the private zone of ${cluster.name}`,
      work: async () => void zones.push(...(await privateZone(run, name, cluster))),
    })),
  ]);
  return { zones: zones.sort() };
};

async function publicZone(run: StepRun, name: string, account: Account): Promise<string> {
  const { organizationId, networkId } = run.step;
  const spec: ZoneSpec = { organizationId, networkId, key: 'public', name, visibility: 'public', vpcs: [] };
  const { title, makesZones } = dnsService(account.provider);
  const state = await making(
    run,
    {
      clusterId: null,
      account,
      region: 'global',
      key: 'zone/public',
      kind: 'zone',
      // `existing` says to whoever deletes or compares that the zone is a person's, and ours the records alone.
      spec: { name, key: spec.key, ...(makesZones ? {} : { existing: true }) },
      summary: makesZones
        ? `public zone ${name}`
        : `public zone ${name}, which is served by ${title} already`,
    },
    () => openDns(run.context, account).reconcileZone(spec, callOf(run)),
    (made) => made.externalId,
  );
  run.log(`The public zone ${name} answers at ${state.nameServers.join(', ') || 'no name server yet'}.`);
  return state.externalId;
}

async function privateZone(
  run: StepRun,
  name: string,
  cluster: { id: string; name: string; region: string; cloudAccount: Account | null },
): Promise<string[]> {
  const { organizationId, networkId } = run.step;
  const account = cluster.cloudAccount;
  const vpc = await recorded(run, { clusterId: cluster.id, key: 'network' }, readNetwork);
  if (!account || !vpc) return [];
  const spec: ZoneSpec = {
    organizationId,
    networkId,
    key: privateZoneKey(cluster.id),
    name,
    visibility: 'private',
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
