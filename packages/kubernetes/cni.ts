/**
 * One contract for every CNI: what nodes must be able to do first, what is applied, what must run on every node before it
 * counts, which ports nodes open to each other.
 *
 * flannel (by Skein, or k3s's own) is run in Skein's own tests. Calico and Cilium are installed as their makers say for
 * k3s, by what k3s applies itself at boot; they are checked and probed in the same way, and were not run here.
 */
import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { FLANNEL_WIREGUARD_PORT, flannelObjects, VXLAN_PORT } from './flannel.ts';
import { FLANNEL_DAEMON_SET, FLANNEL_NAMESPACE } from './needs.ts';
import type { KubernetesObject } from './object.ts';
import { DNS_PORT } from './services/coredns.ts';

export type KernelNeed = KubernetesFacts['kernel'][number];

export interface CniPlan {
  /** What every node's kernel must have. */
  kernel: KernelNeed[];
  /** Whether each node must have been given its pod range by Kubernetes before anything is applied. */
  podCidrs: boolean;
  /** Applied by Skein, in this order; none where k3s does that itself. */
  objects: KubernetesObject[];
  /** What must run on every node; null where it is part of k3s, or somebody else's. */
  daemonSet: { namespace: string; name: string } | null;
  /** What nodes send each other beneath the pods' network. */
  ports: { protocol: 'udp' | 'tcp'; port: number; description: string }[];
}

const VXLAN = { protocol: 'udp', port: VXLAN_PORT, description: 'Pods of the cluster, by VXLAN' } as const;

export function cniPlanOf(kubernetes: ClusterKubernetes): CniPlan {
  const { cni, podCidr } = kubernetes;
  const nothing: CniPlan = { kernel: [], podCidrs: false, objects: [], daemonSet: null, ports: [] };
  if (cni === 'existing') return nothing;
  if (cni === 'calico')
    return {
      ...nothing,
      kernel: ['vxlan'],
      daemonSet: { namespace: 'calico-system', name: 'calico-node' },
      ports: [{ ...VXLAN, port: 4789 }],
    };
  if (cni === 'cilium')
    return {
      ...nothing,
      kernel: ['vxlan'],
      daemonSet: { namespace: 'kube-system', name: 'cilium' },
      ports: [VXLAN, { protocol: 'tcp', port: 4240, description: 'Cilium’s health checks' }],
    };
  const backend = kubernetes.flannelBackend ?? 'vxlan';
  const kernel: KernelNeed[] = [
    'bridge-netfilter',
    ...(backend === 'vxlan' ? (['vxlan'] as const) : []),
    ...(backend === 'wireguard' ? (['wireguard'] as const) : []),
  ];
  const port = FLANNEL_WIREGUARD_PORT;
  const ports: CniPlan['ports'] =
    backend === 'vxlan'
      ? [VXLAN]
      : backend === 'wireguard'
        ? [{ protocol: 'udp', port, description: 'Pods of the cluster, by flannel’s WireGuard' }]
        : [];
  const podCidrs = true;
  if (cni === 'k3s-flannel') return { kernel, podCidrs, objects: [], daemonSet: null, ports };
  if (podCidr === null) throw new RangeError('flannel needs the range of its pods');
  return {
    kernel,
    podCidrs,
    objects: flannelObjects({ podCidr, backend }),
    daemonSet: { namespace: FLANNEL_NAMESPACE, name: FLANNEL_DAEMON_SET },
    ports,
  };
}

/** The API server and, beside k3s's own calls between nodes, the kubelets. */
const API_PORT = 6443;
const KUBELET_PORT = 10250;

/** What the nodes of a cluster that Skein made let in from each other, by group; nobody else is let in. */
export function kubernetesPorts(
  kubernetes: ClusterKubernetes,
  group: 'gateway' | 'member',
): CniPlan['ports'] {
  if (kubernetes.distribution !== 'k3s') return [];
  return [
    // The first gateway is the server; which of them that is no rule can say.
    ...(group === 'gateway'
      ? [
          { protocol: 'tcp' as const, port: API_PORT, description: 'Kubernetes API within the cluster' },
          // The cluster's DNS asks the agent of the server from whichever node it runs on.
          ...(['udp', 'tcp'] as const).map((protocol) => ({
            protocol,
            port: DNS_PORT,
            description: 'Names of services across clusters, asked within the cluster',
          })),
        ]
      : []),
    { protocol: 'tcp', port: KUBELET_PORT, description: 'Kubelets within the cluster' },
    ...cniPlanOf(kubernetes).ports,
  ];
}

/**
 * The CNI that a node's configuration directory names, as kubelets choose it: the first file in order of names.
 * @param files name and text of each file of `net.d`
 */
export function cniOf(files: readonly { name: string; text: string }[]): string | null {
  const usable = files
    .filter(({ name }) => /\.(conf|conflist|json)$/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { text } of usable) {
    const types = typesIn(text);
    const known = KNOWN.find(({ plugin }) => types.some((type) => plugin.test(type)));
    const said = known?.name ?? types[0];
    if (said !== undefined) return said.slice(0, 60);
  }
  return null;
}

const KNOWN: readonly { plugin: RegExp; name: string }[] = [
  { plugin: /^flannel$/, name: 'flannel' },
  { plugin: /^calico$/, name: 'calico' },
  { plugin: /^cilium-cni$/, name: 'cilium' },
  { plugin: /^aws-cni$/, name: 'aws-vpc-cni' },
  { plugin: /^azure-vnet$/, name: 'azure-cni' },
  { plugin: /^ptp$/, name: 'gke' },
  { plugin: /^antrea$/, name: 'antrea' },
  { plugin: /^kube-ovn$/, name: 'kube-ovn' },
  { plugin: /^weave-net$/, name: 'weave' },
];

function typesIn(text: string): string[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return [];
  }
  const { type, plugins } = (read ?? {}) as { type?: unknown; plugins?: unknown };
  const all = Array.isArray(plugins) ? plugins.map((one) => (one as { type?: unknown })?.type) : [type];
  return all.filter((one): one is string => typeof one === 'string' && one !== '');
}
