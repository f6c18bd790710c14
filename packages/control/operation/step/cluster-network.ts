import type { StepHandler } from '../engine/step-run.ts';
import { making } from './ledger.ts';
import { consoleName, gone, siteOf } from './site.ts';

/** Kind `network`: the cluster's VPC and its subnet, in the range given out for it. */
export const makeNetwork: StepHandler = async (run) => {
  const { cluster, account, owner, call, cloud, ...site } = await siteOf(run);
  if (cluster.vpcCidr === null) throw gone('The cluster has no range for a VPC.');
  const spec = {
    owner,
    key: 'network',
    name: consoleName({ cluster, ...site }, 'vpc'),
    cidr: cluster.vpcCidr,
  };
  const state = await making(
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
  return { externalId: state.externalId };
};
