import type { NetworkState } from '@skein/clouds/provider.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { making } from './ledger.ts';
import { consoleName, gone, type Site, siteOf } from './site.ts';

/** Kind `network`: the cluster's VPC and its subnet, in the range given out for it; or those that are somebody else's. */
export const makeNetwork: StepHandler = async (run) => {
  const site = await siteOf(run);
  const { existingNetworkId, existingSubnetId } = site.cluster;
  const state =
    existingNetworkId !== null && existingSubnetId !== null
      ? await lookAtExisting(run, site, { networkId: existingNetworkId, subnetId: existingSubnetId })
      : await makeOwn(run, site);
  return { externalId: state.externalId };
};

async function makeOwn(run: StepRun, site: Site): Promise<NetworkState> {
  const { cluster, account, owner, call, cloud } = site;
  if (cluster.vpcCidr === null) throw gone('The cluster has no range for a VPC.');
  const spec = { owner, key: 'network', name: consoleName(site, 'vpc'), cidr: cluster.vpcCidr };
  return making(
    run,
    {
      clusterId: cluster.id,
      account,
      region: cluster.region,
      key: spec.key,
      kind: 'network',
      spec: { name: spec.name, cidr: spec.cidr },
      summary: `VPC and subnet ${spec.cidr}`,
    },
    () => cloud.networks.reconcile(spec, call),
    (made) => made.externalId,
  );
}

/** Only looked at. `existing` in its row says so to whoever deletes or compares: it is neither ours to change nor to end. */
async function lookAtExisting(
  run: StepRun,
  { cluster, account, call, cloud }: Site,
  at: { networkId: string; subnetId: string },
): Promise<NetworkState> {
  return making(
    run,
    {
      clusterId: cluster.id,
      account,
      region: cluster.region,
      key: 'network',
      kind: 'network',
      spec: { ...at, existing: true },
      summary: `existing VPC ${at.networkId}, subnet ${at.subnetId}`,
    },
    () => cloud.existingNetwork(at, call),
    (found) => found.externalId,
  );
}
