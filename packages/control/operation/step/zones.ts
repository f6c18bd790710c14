import type { CloudResource } from '@skein/database/generated/client.ts';
import type { ZoneSpec } from '@skein/dns/provider.ts';
import { dnsService } from '@skein/dns/registry.ts';
import { clusterDomain } from '@skein/mesh/name/view.ts';
import { peeredWith, type Snapshot } from '@skein/mesh/network.ts';
import { z } from 'zod';
import { openDns } from '../../cloud/open.ts';
import { loadSnapshot } from '../../map/snapshot.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { making, recorded } from './ledger.ts';
import { eachZone } from './side-by-side.ts';
import { callOf, gone, networkOf } from './site.ts';
import { readNetwork } from './states.ts';

type Account = Parameters<typeof openDns>[1];
type Vpc = ZoneSpec['vpcs'][number];

/** Kind `zones`: the public zone `Z`, and for each cluster a private one `C.Z` in its own cloud, side by side. */
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
  const snapshot = await loadSnapshot(database, networkId);
  if (!snapshot) throw gone('The network is gone.');
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
      work: async () => void zones.push(...(await privateZone(run, snapshot, cluster))),
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

async function privateZone(run: StepRun, snapshot: Snapshot, cluster: Home): Promise<string[]> {
  const { organizationId, networkId } = run.step;
  const account = cluster.cloudAccount;
  const vpcs = await answersIn(run, snapshot, cluster);
  if (!account || vpcs.length === 0) return [];
  const spec: ZoneSpec = {
    organizationId,
    networkId,
    key: privateZoneKey(cluster.id),
    name: clusterDomain(cluster, snapshot.network.zone),
    visibility: 'private',
    vpcs,
  };
  const state = await making(
    run,
    {
      clusterId: cluster.id,
      account,
      region: cluster.region,
      key: 'zone/private',
      kind: 'zone',
      spec: { name: spec.name, key: spec.key, vpcs: vpcs.map((vpc) => ({ ...vpc })) },
      summary: `private zone ${spec.name}`,
    },
    () => openDns(run.context, account).reconcileZone(spec, callOf(run)),
    (made) => made.externalId,
  );
  return [state.externalId];
}

interface Home {
  id: string;
  name: string;
  region: string;
  cloudAccount: Account | null;
}

/**
 * The VPCs in which a cluster's private zone answers: its own, and those over whose peering its gateways are reached.
 * Not those of another account: clouds bind a zone there only when both accounts say so.
 */
async function answersIn(run: StepRun, snapshot: Snapshot, cluster: Home): Promise<Vpc[]> {
  const part = snapshot.parts.get(cluster.id);
  const peered = part ? peeredWith(snapshot, part).map((other) => other.cluster.id) : [];
  const beside = await run.context.database.cluster.findMany({
    where: {
      organizationId: run.step.organizationId,
      id: { in: peered },
      deletedAt: null,
      state: { not: 'deleting' },
      cloudAccountId: cluster.cloudAccount?.id ?? '',
    },
    select: { id: true, region: true },
    orderBy: { id: 'asc' },
  });
  const vpcs: Vpc[] = [];
  for (const { id, region } of [cluster, ...beside]) {
    const network = await recorded(run, { clusterId: id, key: 'network' }, readNetwork);
    if (network) vpcs.push({ id: network.externalId, region });
  }
  return vpcs;
}

/** Has a private zone answer in other VPCs than it was last told, where its peerings have changed since. */
export async function bindPrivateZone(run: StepRun, snapshot: Snapshot, row: CloudResource): Promise<void> {
  const cluster = await run.context.database.cluster.findFirst({
    where: { id: row.clusterId ?? '', organizationId: run.step.organizationId },
    include: { cloudAccount: true },
  });
  if (!cluster) return;
  const told = Bound.safeParse(row.spec).data?.vpcs ?? [];
  const wanted = await answersIn(run, snapshot, cluster);
  const text = (vpcs: readonly Vpc[]) => vpcs.map((vpc) => vpc.id).join();
  if (wanted.length > 0 && text(told) !== text(wanted)) await privateZone(run, snapshot, cluster);
}

const Bound = z.object({ vpcs: z.array(z.object({ id: z.string(), region: z.string() })) });

/** The zone's key within its network. */
export function privateZoneKey(clusterId: string): string {
  return `private/${clusterId}`;
}
