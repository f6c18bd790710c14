import { allOf } from '@skein/clouds/bounded-wait.ts';
import { WIREGUARD_PORT } from '@skein/contract/primitive.ts';
import { kubernetesPorts } from '@skein/kubernetes/cni.ts';
import { clusterRules } from '@skein/mesh/firewall/cluster.ts';
import { kubernetesOf } from '../../kubernetes/of.ts';
import type { StepHandler } from '../engine/step-run.ts';
import { loadCallers, portsWords } from './callers.ts';
import { making, recorded } from './ledger.ts';
import { consoleName, gone, siteOf } from './site.ts';
import { readNetwork } from './states.ts';

/** Kind `firewall`: one group for gateways, one for members, each with the rules it needs now and no others. */
export const setFirewall: StepHandler = async (run) => {
  const site = await siteOf(run);
  const { cluster, account, owner, call, cloud } = site;
  const network = await recorded(run, { clusterId: cluster.id, key: 'network' }, readNetwork);
  if (!network) throw gone(`The VPC of ${cluster.name} is not there.`);
  const vpcCidr = network.cidr;
  const at = [run.context.database, owner.organizationId, owner.networkId] as const;
  const callers = (await loadCallers(...at)).get(cluster.id);
  if (!callers) throw gone(`${cluster.name} is being removed.`);
  const ports = portsWords(callers.planes);
  const kubernetes = kubernetesOf(cluster);
  const set = async (role: 'gateway' | 'member') => {
    const { planes } = callers;
    const inside = kubernetes ? kubernetesPorts(kubernetes, role) : [];
    const rules = clusterRules({ vpcCidr, wireguardPort: WIREGUARD_PORT, planes, inside }, callers[role]);
    const spec = { owner, key: `firewall/${role}`, name: consoleName(site, role), network, role, rules };
    const from = rules.flatMap((rule) => rule.cidrs);
    await making(
      run,
      {
        clusterId: cluster.id,
        account,
        region: cluster.region,
        key: spec.key,
        kind: 'firewall',
        spec: { name: spec.name, role, rules: JSON.parse(JSON.stringify(rules)) },
        summary: `firewall group for each ${role}: UDP ${ports} from ${from.join(', ')}`,
      },
      () => cloud.firewalls.reconcile(spec, call),
      (made) => made.externalId,
    );
  };
  await allOf([set('gateway'), set('member')]);
  const { others, peered } = callers.gateway;
  run.log(`UDP ${ports} is open from ${[vpcCidr, ...others, ...peered].join(', ')} and nothing else is.`);
  return { others, peered };
};
