import { keptCloud } from '../../cloud/kept.ts';
import { openDns } from '../../cloud/open.ts';
import { publishRevision } from '../../map/publish.ts';
import { StepFailure, type StepHandler } from '../engine/step-run.ts';
import { callOf, networkOf } from './site.ts';
import { privateZoneKey } from './zones.ts';

/**
 * Kind `forget-cluster`: asks the cloud, not our own book, whether anything with our tag is left; then the cluster is
 * deleted for good.
 */
export const forgetCluster: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const { database } = run.context;
  const cluster = await database.cluster.findFirst({
    where: { id: run.step.clusterId ?? '', organizationId },
    include: { cloudAccount: true },
  });
  if (!cluster || cluster.deletedAt) return { left: 0 };
  const account = cluster.cloudAccount;
  if (account) {
    const owner = { organizationId, networkId, clusterId: cluster.id };
    const cloud = keptCloud(run.context, account, cluster.region);
    const left: string[] = [];
    for (const kind of ['instances', 'addresses', 'firewalls', 'peerings', 'networks'] as const)
      for (const one of await cloud[kind].list(owner, callOf(run)))
        left.push(`${one.key} (${one.externalId})`);
    const zones = await openDns(run.context, account).listZones({ organizationId, networkId }, callOf(run));
    for (const zone of zones)
      if (zone.key === privateZoneKey(cluster.id))
        left.push(`private zone ${zone.name} (${zone.externalId})`);
    if (left.length > 0) throw leftOver(`${cluster.name} in ${account.name}`, left);
  }
  await run.write(async (tx) => {
    const now = run.context.now();
    const { id } = cluster;
    await tx.joinToken.updateMany({
      where: { clusterId: id, organizationId, revokedAt: null },
      data: { revokedAt: now },
    });
    await tx.cluster.update({ where: { id }, data: { state: 'deleted', deletedAt: now } });
    await publishRevision(tx, organizationId, networkId, [{ cluster: id }], `${cluster.name} was removed`);
  });
  run.log(`Nothing of ${cluster.name} is left.`);
  return { left: 0 };
};

/** Kind `forget-network`: the same for the whole network and its zones. */
export const forgetNetwork: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const { database } = run.context;
  const network = await networkOf(run);
  if (network.deletedAt) return { left: 0 };
  const held = await database.cloudResource.findMany({
    where: { organizationId, networkId, kind: 'zone' },
    distinct: ['cloudAccountId'],
    select: { cloudAccountId: true },
  });
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId, id: { in: held.map((row) => row.cloudAccountId) } },
  });
  for (const account of accounts) {
    const zones = await openDns(run.context, account).listZones({ organizationId, networkId }, callOf(run));
    if (zones.length > 0)
      throw leftOver(
        account.name,
        zones.map((zone) => `zone ${zone.name} (${zone.externalId})`),
      );
  }
  await run.write(async (tx) => {
    await tx.network.update({
      where: { id: networkId },
      data: { state: 'deleted', deletedAt: run.context.now() },
    });
    await publishRevision(tx, organizationId, networkId, [{ network: true }], `${network.name} was deleted`);
  });
  run.log(`Nothing of ${network.name} is left.`);
  return { left: 0 };
};

function leftOver(where: string, what: readonly string[]): StepFailure {
  return new StepFailure({
    code: 'left-over',
    message: `Still there in ${where}: ${what.join(', ')}.`,
    remedy:
      'Retry the step that deletes it; if it stays, delete it in the cloud’s console and retry this step.',
    retryable: true,
  });
}
