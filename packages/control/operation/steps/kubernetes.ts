/** Steps of clusters that Skein puts Kubernetes on, beside those that every cluster has. */
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { type PlannedStep, planned } from './planned.ts';

/**
 * From machines to a cluster whose pods reach each other. The server comes first: nodes join by a token that it is given
 * for them. The keys `NAME/instances` and `NAME/join` stand for all nodes, as in other clusters.
 * @param peers all nodes to be made, the server among them where the cluster is new
 */
export function kubernetesNodeSteps(
  cluster: { name: string; kubernetes: ClusterKubernetes },
  peers: readonly string[],
  dependsOn: readonly string[],
): PlannedStep[] {
  const { name, kubernetes } = cluster;
  const server = peers.filter((peer) => peer === kubernetes.server);
  const others = peers.filter((peer) => peer !== kubernetes.server);
  const start = (key: string, some: readonly string[], after: readonly string[]) =>
    planned('instances', {
      key: `${name}/${key}`,
      title: `Start ${some.join(', ')} in ${name}`,
      cluster: name,
      dependsOn: [...after],
      input: { peers: [...some] },
    });
  const join = (key: string, some: readonly string[], after: readonly string[]) =>
    planned('join', {
      key: `${name}/${key}`,
      title: `Wait until ${some.join(', ')} ${some.length === 1 ? 'has' : 'have'} joined`,
      cluster: name,
      dependsOn: [...after],
      input: { peers: [...some] },
    });
  const api = planned('kubernetes-server', {
    key: `${name}/kubernetes`,
    title: `Wait for the Kubernetes API of ${name}`,
    cluster: name,
    dependsOn: [],
  });
  // Alone, the server is all of the nodes.
  if (others.length === 0)
    return [
      start('instances', server, dependsOn),
      join('join', server, [`${name}/instances`]),
      { ...api, dependsOn: [`${name}/join`] },
      ...networkSteps(cluster, peers, [`${name}/kubernetes`]),
    ];
  const first =
    server.length > 0
      ? [
          start('server', server, dependsOn),
          join('server-join', server, [`${name}/server`]),
          { ...api, dependsOn: [`${name}/server-join`] },
        ]
      : [{ ...api, dependsOn: [...dependsOn] }];
  return [
    ...first,
    start('instances', others, [`${name}/kubernetes`]),
    join('join', peers, [`${name}/instances`]),
    ...networkSteps(cluster, peers, [`${name}/join`]),
  ];
}

/** Nodes in, then the network of their pods, and the proof of it. */
function networkSteps(
  { name, kubernetes }: { name: string; kubernetes: ClusterKubernetes },
  peers: readonly string[],
  dependsOn: string[],
): PlannedStep[] {
  const at = { cluster: name };
  return [
    planned('kubernetes-nodes', {
      ...at,
      key: `${name}/nodes`,
      title: `Wait until Kubernetes knows ${peers.join(', ')}`,
      dependsOn,
      input: { peers: [...peers] },
    }),
    planned('cni', {
      ...at,
      key: `${name}/cni`,
      title: `Install ${CNI_NAMES[kubernetes.cni]} in ${name}`,
      dependsOn: [`${name}/nodes`],
    }),
    planned('cni-probe', {
      ...at,
      key: `${name}/cni-probe`,
      title: `Reach a pod on every node of ${name} from every other`,
      dependsOn: [`${name}/cni`],
    }),
  ];
}

const CNI_NAMES: Record<ClusterKubernetes['cni'], string> = {
  flannel: 'flannel',
  'k3s-flannel': 'k3s’s flannel',
  calico: 'Calico',
  cilium: 'Cilium',
  existing: 'nothing',
};

/** Another release: the server first, for no kubelet may be newer than it; then one node after the other. */
export function upgradeSteps(
  cluster: { name: string; peers: readonly { name: string }[]; server: string | null },
  version: string,
): PlannedStep[] {
  const names = cluster.peers.map((peer) => peer.name);
  const order = [
    ...names.filter((name) => name === cluster.server),
    ...names.filter((name) => name !== cluster.server),
  ];
  const keyOf = (name: string) => `${cluster.name}/upgrade/${name}`;
  return order.map((name, index) =>
    planned('kubernetes-upgrade', {
      key: keyOf(name),
      title: `Drain ${name}, put ${version} on it, and let pods back`,
      cluster: cluster.name,
      dependsOn: order.slice(0, index).slice(-1).map(keyOf),
      input: { peers: [name], version },
    }),
  );
}

/** Before a node goes: its pods move, and Kubernetes forgets it. */
export function drainStep(cluster: string, peer: string): PlannedStep {
  return planned('kubernetes-drain', {
    key: `${cluster}/drain/${peer}`,
    title: `Move the pods of ${peer} elsewhere`,
    cluster,
    dependsOn: [],
    input: { peers: [peer] },
  });
}
