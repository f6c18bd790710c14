/** flannel as Skein installs it: the objects, for server-side apply. */
import type { FlannelBackend } from '@skein/contract/rest/kubernetes.ts';
import { FLANNEL_IMAGE } from './images.ts';
import { FLANNEL, FLANNEL_CONFIG, FLANNEL_DAEMON_SET, FLANNEL_NAMESPACE } from './needs.ts';
import { type KubernetesObject, MANAGED } from './object.ts';
import { PRIVILEGED } from './roles.ts';

/** UDP port of flannel's own WireGuard, clear of the overlay's planes and probes. */
export const FLANNEL_WIREGUARD_PORT = 51840;
/** UDP port of VXLAN as Linux and flannel have it by default (not IANA's 4789). */
export const VXLAN_PORT = 8472;

/** What flannel reads as `net-conf.json`. */
export function flannelNetwork(podCidr: string, backend: FlannelBackend): object {
  const backends = {
    vxlan: { Type: 'vxlan', Port: VXLAN_PORT },
    'host-gw': { Type: 'host-gw' },
    wireguard: { Type: 'wireguard', ListenPort: FLANNEL_WIREGUARD_PORT },
  };
  return { Network: podCidr, Backend: backends[backend] };
}

/** In the order in which they are to be applied. Equal wishes give equal objects, so that applying twice changes nothing. */
export function flannelObjects(wish: { podCidr: string; backend: FlannelBackend }): KubernetesObject[] {
  const labels = { ...MANAGED, app: FLANNEL };
  const rbac = 'rbac.authorization.k8s.io';
  const inside = { namespace: FLANNEL_NAMESPACE, labels };
  const network = JSON.stringify(flannelNetwork(wish.podCidr, wish.backend));
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: FLANNEL_NAMESPACE, labels: { ...MANAGED, ...PRIVILEGED } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: FLANNEL, ...inside } },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRole',
      metadata: { name: FLANNEL, labels },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: FLANNEL, labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: FLANNEL },
      subjects: [{ kind: 'ServiceAccount', name: FLANNEL, namespace: FLANNEL_NAMESPACE }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: FLANNEL_CONFIG, ...inside },
      data: { 'cni-conf.json': JSON.stringify(CNI_CONFIGURATION), 'net-conf.json': network },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: FLANNEL_DAEMON_SET, ...inside },
      spec: {
        selector: { matchLabels: { app: FLANNEL } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: {
          // Another network is another pod: flannel reads its configuration once.
          metadata: { labels: { app: FLANNEL }, annotations: { 'skein.dev/network': network } },
          spec: podSpec(),
        },
      },
    },
  ];
}

/** The bridge between a node's pods; flannel's plugin fills in the node's range and the MTU. */
const CNI_CONFIGURATION = {
  name: 'cbr0',
  cniVersion: '1.0.0',
  plugins: [
    { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

function podSpec(): object {
  const mount = (name: string, mountPath: string) => ({ name, mountPath });
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  const image = { image: FLANNEL_IMAGE, imagePullPolicy: 'IfNotPresent' };
  const hostPath = (name: string, path: string, type: string) => ({ name, hostPath: { path, type } });
  return {
    hostNetwork: true,
    priorityClassName: 'system-node-critical',
    serviceAccountName: FLANNEL,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    // Before there is a network every node is tainted as not ready.
    tolerations: [{ operator: 'Exists' }],
    initContainers: [
      {
        name: 'configuration',
        ...image,
        command: ['cp', '-f', '/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'],
        volumeMounts: [mount('cni', '/etc/cni/net.d'), mount('configuration', '/etc/kube-flannel')],
      },
    ],
    containers: [
      {
        name: 'flannel',
        ...image,
        command: ['/opt/bin/flanneld', '--ip-masq', '--kube-subnet-mgr'],
        env: [
          { name: 'POD_NAME', ...field('metadata.name') },
          { name: 'POD_NAMESPACE', ...field('metadata.namespace') },
          { name: 'NODE_NAME', ...field('spec.nodeName') },
        ],
        resources: { requests: { cpu: '50m', memory: '50Mi' } },
        securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
        volumeMounts: [
          mount('run', '/run/flannel'),
          mount('configuration', '/etc/kube-flannel'),
          mount('xtables', '/run/xtables.lock'),
        ],
      },
    ],
    volumes: [
      hostPath('run', '/run/flannel', 'DirectoryOrCreate'),
      hostPath('cni', '/etc/cni/net.d', 'DirectoryOrCreate'),
      hostPath('xtables', '/run/xtables.lock', 'FileOrCreate'),
      { name: 'configuration', configMap: { name: FLANNEL_CONFIG } },
    ],
  };
}
