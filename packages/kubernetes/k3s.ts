/**
 * What a node runs at its first boot to become one of a k3s cluster. Flags and files as of k3s 1.31 and later
 * (docs.k3s.io: cli/server, cli/agent, cli/token, installation/configuration).
 */
import type { ClusterKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { CALICO_VERSION, CILIUM_VERSION } from './images.ts';
import { tokenSecretName } from './needs.ts';
import { FIELD_MANAGER, GATEWAY_LABEL, type KubernetesObject } from './object.ts';
import { yamlOf } from './yaml.ts';

export const K3S_INSTALLER = 'https://get.k3s.io';
/** Left on each node; called with a release it puts that onto the node. */
export const K3S_SCRIPT = '/usr/local/lib/skein/k3s.sh';
export const K3S_KUBECONFIG = '/etc/rancher/k3s/k3s.yaml';
export const K3S_KUBELET_KUBECONFIG = '/var/lib/rancher/k3s/agent/kubelet.kubeconfig';
const MANIFESTS = '/var/lib/rancher/k3s/server/manifests';

export interface K3sNode {
  kubernetes: ClusterKubernetes & { version: string; podCidr: string; serviceCidr: string };
  /** The peer's, so that the two are known by each other. */
  name: string;
  gateway: boolean;
  overlayAddress: string;
  /** The first node is the server; others call it and show a token. */
  joins: { server: string; token: string } | null;
  /** Where the install script of k3s is fetched. */
  installer: string;
}

/** Lines for a shell that stops at the first failure. The token is in them; it is not kept on the node by us. */
export function k3sUserData(node: K3sNode): string {
  const server = node.joins === null;
  const start = node.joins ? `K3S_TOKEN='${node.joins.token}' ${K3S_SCRIPT}` : K3S_SCRIPT;
  return [
    'set -eu',
    `mkdir -p ${K3S_SCRIPT.slice(0, K3S_SCRIPT.lastIndexOf('/'))}`,
    `cat > ${K3S_SCRIPT} <<'SKEIN'`,
    k3sScript(node),
    'SKEIN',
    `chmod 0700 ${K3S_SCRIPT}`,
    ...(server ? manifestsOf(node.kubernetes) : []),
    `${start} ${node.kubernetes.version}`,
    ...(node.kubernetes.cni === 'flannel' ? PLUGINS : []),
  ].join('\n');
}

function k3sScript(node: K3sNode): string {
  return [
    '#!/bin/sh',
    '# Puts a release of k3s onto this node: k3s.sh VERSION. Left here by Skein, which calls it for upgrades too.',
    'set -eu',
    'export INSTALL_K3S_VERSION="$1"',
    // The installer writes this file anew from what it is given: what an agent joined by must be given again.
    'kept=/etc/systemd/system/k3s-agent.service.env',
    '[ -n "$(printenv K3S_TOKEN)" ] || [ ! -r "$kept" ] || { set -a; . "$kept"; set +a; }',
    'address=$(ip -4 route get 192.0.2.1 | sed -n "s/.* src \\([0-9.]*\\).*/\\1/p")',
    'script=$(mktemp)',
    `curl -fsSL --retry 10 --retry-all-errors --max-time 60 -o "$script" '${node.installer}'`,
    `sh "$script" ${argumentsOf(node).join(' \\\n  ')}`,
    'rm -f "$script"',
  ].join('\n');
}

function argumentsOf({ kubernetes, name, gateway, overlayAddress, joins }: K3sNode): string[] {
  const { cni, podCidr, serviceCidr } = kubernetes;
  const node = [
    `--node-name ${name}`,
    '--node-ip "$address"',
    `--node-label skein.dev/peer=${name}`,
    ...(gateway ? [`--node-label ${GATEWAY_LABEL}=true`] : []),
  ];
  if (joins) return ['agent', `--server ${joins.server}`, ...node];
  return [
    'server',
    ...node,
    `--cluster-cidr ${podCidr}`,
    `--service-cidr ${serviceCidr}`,
    `--tls-san ${overlayAddress}`,
    '--write-kubeconfig-mode 600',
    // Its WireGuard would take the overlay's port, so k3s's own flannel is VXLAN.
    `--flannel-backend=${cni === 'k3s-flannel' ? 'vxlan' : 'none'}`,
    // Calico and Cilium enforce network policies themselves; with flannel k3s's own controller does.
    ...(cni === 'calico' || cni === 'cilium' ? ['--disable-network-policy'] : []),
    // They would take ports 80 and 443 of every node, at which relays let in peers that no UDP gets out of.
    '--disable traefik',
    '--disable servicelb',
  ];
}

/** k3s without a flannel of its own looks for plugins where everybody does, and has them elsewhere. */
const PLUGINS = [
  'mkdir -p /opt/cni/bin',
  'for plugin in bridge flannel host-local loopback portmap; do',
  '  for from in /var/lib/rancher/k3s/data/cni /var/lib/rancher/k3s/data/current/bin; do',
  '    [ -e /opt/cni/bin/$plugin ] || [ ! -e $from/$plugin ] || ln -s $from/$plugin /opt/cni/bin/$plugin',
  '  done',
  'done',
];

/** What k3s applies by itself once its API server is up. */
function manifestsOf({ cni, podCidr }: K3sNode['kubernetes']): string[] {
  if (cni !== 'calico' && cni !== 'cilium') return [];
  const write = (name: string, object: KubernetesObject) => [
    `cat > ${MANIFESTS}/${name} <<'SKEIN'`,
    yamlOf([object]).trimEnd(),
    'SKEIN',
  ];
  if (cni === 'cilium') return [`mkdir -p ${MANIFESTS}`, ...write('skein-cilium.yaml', ciliumChart(podCidr))];
  const source = `https://raw.githubusercontent.com/projectcalico/calico/${CALICO_VERSION}/manifests`;
  return [
    `mkdir -p ${MANIFESTS}`,
    ...['operator-crds', 'tigera-operator'].map(
      (name) =>
        `curl -fsSL --retry 10 --retry-all-errors -o ${MANIFESTS}/skein-${name}.yaml ${source}/${name}.yaml`,
    ),
    ...write('skein-zz-calico.yaml', calicoInstallation(podCidr)),
  ];
}

/** docs.tigera.io, “Quickstart for Calico on K3s”: containers may forward, and the pool is the cluster's own range. */
export function calicoInstallation(podCidr: string): KubernetesObject {
  return {
    apiVersion: 'operator.tigera.io/v1',
    kind: 'Installation',
    metadata: { name: 'default' },
    spec: {
      calicoNetwork: {
        containerIPForwarding: 'Enabled',
        ipPools: [
          { name: 'pods', blockSize: 26, cidr: podCidr, encapsulation: 'VXLAN', natOutgoing: 'Enabled' },
        ],
      },
    },
  };
}

/** By the Helm controller that k3s has built in (docs.k3s.io/helm): node ranges are those that Kubernetes gives out. */
export function ciliumChart(podCidr: string): KubernetesObject {
  return {
    apiVersion: 'helm.cattle.io/v1',
    kind: 'HelmChart',
    metadata: { name: 'cilium', namespace: 'kube-system' },
    spec: {
      repo: 'https://helm.cilium.io',
      chart: 'cilium',
      version: CILIUM_VERSION,
      targetNamespace: 'kube-system',
      bootstrap: true,
      valuesContent: JSON.stringify({
        operator: { replicas: 1 },
        ipam: { mode: 'kubernetes' },
        ipv4NativeRoutingCIDR: podCidr,
      }),
    },
  };
}

/**
 * A token for new nodes of a cluster (kubernetes.io, “Authenticating with Bootstrap Tokens”), which k3s takes too.
 * @param id one of `TOKEN_IDS`
 * @param secret 16 lower-case letters and digits
 */
export function tokenSecret(token: { id: string; secret: string; until: Date }): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: tokenSecretName(token.id), namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': token.id,
      'token-secret': token.secret,
      expiration: token.until.toISOString().replace(/\.\d+Z$/, 'Z'),
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': 'system:bootstrappers:k3s:default-node-token',
      description: `nodes that ${FIELD_MANAGER} makes`,
    },
  };
}

/** As a node shows it: with the hash of the CA, so that it tells it to nobody else. */
export function joinToken(caHash: string, id: string, secret: string): string {
  return `K10${caHash}::${id}.${secret}`;
}

/** What k3s needs of a machine (docs.k3s.io/installation/requirements): 2 GB for a server and some pods. */
export const K3S_INSTANCE_TYPES = { aws: 't3.small', gcp: 'e2-small', azure: 'Standard_B2s' } as const;
