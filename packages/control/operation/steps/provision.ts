import type { Topology } from '@skein/contract/primitive.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { kubernetesNodeSteps } from './kubernetes.ts';
import { type Pair, peeringSteps } from './peering.ts';
import { type PlannedStep, planned } from './planned.ts';

/** What these plans need to know of a cluster. */
export interface StepCluster {
  name: string;
  cloudAccountId: string | null;
  peers: readonly { name: string; role: 'gateway' | 'member' }[];
  /** Left out where it does not matter. */
  kubernetes?: ClusterKubernetes | null;
}

/**
 * A whole network: clusters side by side, but rules wait for the public addresses of all, since they name them.
 * @param pairs names of the clusters to peer
 */
export function provisionSteps(
  clusters: readonly StepCluster[],
  publicZone: boolean,
  pairs: readonly Pair[] = [],
  topology: Topology = 'hybrid',
): PlannedStep[] {
  const made = clusters.filter((cluster) => cluster.cloudAccountId !== null);
  const addresses = made.filter(hasGateway).map((cluster) => `${cluster.name}/addresses`);
  const steps = made.flatMap((cluster) => clusterSteps(cluster, addresses));
  const peering = peeringSteps(pairs, steps);
  const members = letMembersIn(topology, made, made);
  return [...steps, ...peering, ...members, ...namesAndProof(made, publicZone, [...peering, ...members])];
}

/**
 * One more cluster: the others' rules change too, because they name its gateway.
 * @param pairs names of the clusters to peer: the added one with others
 */
export function addClusterSteps(
  added: StepCluster,
  others: readonly StepCluster[],
  publicZone: boolean,
  pairs: readonly Pair[] = [],
  topology: Topology = 'hybrid',
): PlannedStep[] {
  if (added.cloudAccountId === null) return [];
  const addresses = hasGateway(added) ? [`${added.name}/addresses`] : [];
  const made = others.filter((cluster) => cluster.cloudAccountId !== null);
  const steps = [
    ...clusterSteps(added, addresses),
    ...made.map((cluster) => firewallStep(cluster.name, addresses)),
  ];
  const peering = peeringSteps(pairs, steps);
  const members = letMembersIn(topology, [added, ...made], [added]);
  return [...steps, ...peering, ...members, ...namesAndProof([added], publicZone, [...peering, ...members])];
}

/**
 * More nodes for a cluster that is there.
 * @param clusters all of the network: where everybody is linked to everybody, all let the new nodes in
 */
export function addNodesSteps(
  cluster: string,
  peers: string[],
  clusters: readonly StepCluster[],
  topology: Topology,
): PlannedStep[] {
  const members = letMembersIn(
    topology,
    clusters.filter((one) => one.cloudAccountId !== null),
    [{ name: cluster }],
  );
  const joined = [`${cluster}/join`, ...members.map((step) => step.key)];
  const kubernetes = clusters.find((one) => one.name === cluster)?.kubernetes;
  const started =
    kubernetes?.distribution === 'k3s'
      ? kubernetesNodeSteps({ name: cluster, kubernetes }, peers, [])
      : [
          planned('instances', {
            key: `${cluster}/instances`,
            title: `Start ${peers.join(', ')} in ${cluster}`,
            cluster,
            dependsOn: [],
            input: { peers },
          }),
          joinStep(cluster, peers),
        ];
  return [...started, ...members, recordsStep([`${cluster}/join`]), verifyStep(joined)];
}

/**
 * In full topology members are called from other clusters too, by addresses that are known once their nodes are there.
 * @param started clusters in which nodes are started
 */
function letMembersIn(
  topology: Topology,
  made: readonly { name: string }[],
  started: readonly { name: string }[],
): PlannedStep[] {
  if (topology !== 'full') return [];
  return made.map(({ name }) =>
    planned('firewall', {
      key: `${name}/firewall-members`,
      title: `Let every node of the network into ${name}`,
      cluster: name,
      dependsOn: started.map((cluster) => `${cluster.name}/instances`),
    }),
  );
}

/** Rules of one cluster's groups, as they must be now. */
export function firewallStep(cluster: string, dependsOn: string[]): PlannedStep {
  return planned('firewall', {
    key: `${cluster}/firewall`,
    title: `Set firewall rules of ${cluster}`,
    cluster,
    dependsOn,
  });
}

/** The hosted zones answer what the network is now. */
export function recordsStep(dependsOn: string[]): PlannedStep {
  return planned('records', { key: 'records', title: 'Write DNS records', cluster: null, dependsOn });
}

function clusterSteps(cluster: StepCluster, allAddresses: readonly string[]): PlannedStep[] {
  const { name } = cluster;
  const peers = cluster.peers.map((peer) => peer.name);
  const step = (kind: 'network' | 'addresses' | 'instances', title: string, dependsOn: string[]) =>
    planned(kind, { key: `${name}/${kind}`, title, cluster: name, dependsOn });
  const { kubernetes } = cluster;
  const place = [
    step('network', `Make the VPC of ${name}`, []),
    ...(hasGateway(cluster) ? [step('addresses', `Reserve the gateway’s address of ${name}`, [])] : []),
    firewallStep(name, [`${name}/network`, ...allAddresses]),
  ];
  if (kubernetes?.distribution === 'k3s')
    return [...place, ...kubernetesNodeSteps({ name, kubernetes }, peers, [`${name}/firewall`])];
  return [
    ...place,
    step('instances', `Start ${peers.length} ${peers.length === 1 ? 'node' : 'nodes'} in ${name}`, [
      `${name}/firewall`,
    ]),
    joinStep(name, peers),
  ];
}

function joinStep(cluster: string, peers: string[]): PlannedStep {
  return planned('join', {
    key: `${cluster}/join`,
    title: `Wait until the nodes of ${cluster} have joined`,
    cluster,
    dependsOn: [`${cluster}/instances`],
    input: { peers },
  });
}

/** Every tunnel is looked at. */
export function verifyStep(dependsOn: string[]): PlannedStep {
  return planned('verify', { key: 'verify', title: 'Check every tunnel', cluster: null, dependsOn });
}

function namesAndProof(
  made: readonly StepCluster[],
  publicZone: boolean,
  peering: readonly PlannedStep[],
): PlannedStep[] {
  if (made.length === 0 && !publicZone) return [];
  const of = (kind: string) => made.map((cluster) => `${cluster.name}/${kind}`);
  // Names of peered clusters answer otherwise, and tunnels are checked on the way that they will take.
  const peered = peering.map((step) => step.key);
  return [
    planned('zones', { key: 'zones', title: 'Make the DNS zones', cluster: null, dependsOn: of('network') }),
    recordsStep(['zones', ...of('join'), ...peered]),
    verifyStep([...of('join'), ...peered]),
  ];
}

function hasGateway(cluster: StepCluster): boolean {
  return cluster.peers.some((peer) => peer.role === 'gateway');
}
