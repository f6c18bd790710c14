import type { Cloud, PeeringEnd, PeeringState } from '@skein/clouds/provider.ts';
import type { CloudAccount, CloudResource, Cluster, Prisma } from '@skein/database/generated/client.ts';
import { z } from 'zod';
import { keptCloud } from '../../cloud/kept.ts';
import { publishRevision } from '../../map/publish.ts';
import { type Json, StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';
import { making, recorded } from './ledger.ts';
import { callOf, consoleName, gone, inputOf, networkOf } from './site.ts';
import { readNetwork } from './states.ts';

/** One side of a pair: its cluster, the cloud it is in, the VPC that is peered. */
interface Side {
  cluster: Cluster;
  account: CloudAccount;
  cloud: Cloud;
  end: PeeringEnd;
}

/**
 * Kind `peering`: the VPCs of the step's cluster and of the one it names route to each other. Both halves are made here,
 * for neither stands without the other; the side with the smaller cluster id asks, the other agrees.
 */
export const makePeering: StepHandler = async (run) => {
  const [one, two] = await bothSides(run);
  if (inputOf(run).use) return putToUse(run, one, two);
  const network = await networkOf(run);
  const half = async (near: Side, far: Side): Promise<PeeringState> => {
    const { organizationId, networkId } = run.step;
    const spec = {
      owner: { organizationId, networkId, clusterId: near.cluster.id },
      key: peeringKey(far.cluster.id),
      name: consoleName({ network, cluster: near.cluster }, `to-${far.cluster.name}`),
      near: near.end.network,
      far: { ...far.end, holder: far.end.holder === near.end.holder ? null : far.end.holder },
    };
    const used = await isUsed(run, spec.owner.clusterId, spec.key);
    return making(
      run,
      {
        clusterId: near.cluster.id,
        account: near.account,
        region: near.cluster.region,
        key: spec.key,
        kind: 'peering',
        spec: {
          name: spec.name,
          with: far.cluster.id,
          vpc: far.end.network.externalId,
          cidr: far.end.network.cidr,
          ...(used && { used }),
        },
        summary: `peering with the VPC of ${far.cluster.name}, and the route to ${far.end.network.cidr}`,
      },
      () => near.cloud.peerings.reconcile(spec, callOf(run)),
      (state) => state.externalId,
    );
  };
  await half(one, two);
  const second = await half(two, one);
  // What the first half is can only be seen once the second is there.
  const first = await half(one, two);
  if (!first.active || !second.active)
    throw new StepFailure({
      code: 'not-active',
      message: `The peering of ${one.cluster.name} and ${two.cluster.name} is made but not active yet.`,
      remedy: 'Retry this step; if it stays so, look at the peering in the cloud’s own console.',
      retryable: true,
    });
  run.log(`${one.cluster.name} and ${two.cluster.name} are peered.`);
  return { peering: first.externalId };
};

/** With `use`: maps show the peering from now on. Its rows say so themselves, in the transaction of the revision. */
async function putToUse(run: StepRun, one: Side, two: Side): Promise<Json> {
  const { organizationId, networkId, fence } = run.step;
  const ids = [one.cluster.id, two.cluster.id];
  const reason = `${one.cluster.name} and ${two.cluster.name} are peered`;
  const number = await run.write(async (tx) => {
    const rows = await tx.cloudResource.findMany({
      where: {
        organizationId,
        networkId,
        status: 'present',
        clusterId: { in: ids },
        key: { in: ids.map(peeringKey) },
      },
    });
    if (rows.length !== ids.length)
      throw gone(`The peering of ${reason.replace(' are peered', '')} is not there.`);
    for (const { id, spec } of rows)
      await tx.cloudResource.update({
        where: { id },
        data: { spec: { ...Spec.parse(spec), used: true } as Prisma.InputJsonObject, fence },
      });
    const changes = ids.map((cluster) => ({ cluster }));
    return publishRevision(tx, organizationId, networkId, changes, reason);
  });
  run.log(`${reason}: their gateways reach each other by private addresses.`);
  return { revision: number };
}

const Spec = z.looseObject({ used: z.boolean().optional() });

/** Whether maps show this half already: made again, it goes on being used. */
async function isUsed(run: StepRun, clusterId: string, key: string): Promise<boolean> {
  const { organizationId, networkId } = run.step;
  const row = await run.context.database.cloudResource.findFirst({
    where: { organizationId, networkId, clusterId, key, status: 'present' },
    select: { spec: true },
  });
  return row !== null && Spec.parse(row.spec).used === true;
}

/** The resource key of a cluster's half. */
export function peeringKey(otherClusterId: string): string {
  return `peering/${otherClusterId}`;
}

/**
 * Takes one half back. Agents hear of it first: its row is no longer `present`, so the gateways leave the private way
 * before it closes.
 */
export async function endPeering(run: StepRun, row: CloudResource, cloud: Cloud): Promise<void> {
  const { organizationId, networkId } = run.step;
  const clusterId = row.clusterId ?? '';
  await publishFor(run, [clusterId, row.key.slice(peeringKey('').length)], `${row.summary} ends`);
  await cloud.peerings.delete({ owner: { organizationId, networkId, clusterId }, key: row.key }, callOf(run));
}

function publishFor(run: StepRun, clusterIds: readonly string[], reason: string): Promise<number> {
  const { organizationId, networkId } = run.step;
  const changes = clusterIds.map((cluster) => ({ cluster }));
  return run.write((tx) => publishRevision(tx, organizationId, networkId, changes, reason));
}

/** Smaller cluster id first. */
async function bothSides(run: StepRun): Promise<[Side, Side]> {
  const { organizationId, networkId, clusterId } = run.step;
  const name = inputOf(run).with ?? '';
  const clusters = await run.context.database.cluster.findMany({
    where: { organizationId, networkId, deletedAt: null, OR: [{ id: clusterId ?? '' }, { name }] },
    include: { cloudAccount: true },
    orderBy: { id: 'asc' },
  });
  const sides: Side[] = [];
  for (const { cloudAccount: account, ...cluster } of clusters) {
    const network = await recorded(run, { clusterId: cluster.id, key: 'network' }, readNetwork);
    if (!account || !network) throw gone(`The VPC of ${cluster.name} is not there.`);
    const cloud = keptCloud(run.context, account, cluster.region);
    const { id, region } = cluster;
    const end = { clusterId: id, network, region, holder: cloud.holder(account.identity) };
    sides.push({ cluster, account, cloud, end });
  }
  const [one, two] = sides;
  if (!one || !two) throw gone(`There are no two clusters to peer: ${name} is gone, or its peer is.`);
  if (one.account.provider !== two.account.provider)
    throw gone(`${one.cluster.name} and ${two.cluster.name} are in different clouds, which do not peer.`);
  return [one, two];
}
