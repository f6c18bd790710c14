/**
 * Everything that Skein does at an API server, with the reason. From this one list come the roles that its account is
 * given and the requests of the control plane that an agent passes on: nothing is asked that is not granted, and nothing
 * granted that is not asked.
 */
import { AGENT_ACCOUNT, NAMESPACE } from './object.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface Need {
  group: string;
  /** With its subresource: `pods/eviction`. */
  resource: string;
  verbs: readonly Verb[];
  /** Only there; the whole cluster where left out. */
  namespace?: string;
  /**
   * Only these. RBAC cannot hold `create` to names, so that one is granted without; the agent lets the control plane
   * create these alone.
   */
  names?: readonly string[];
  why: string;
  /** Who asks: the control plane through the agent, the agent itself, or nobody but those that the right is handed on to. */
  by: readonly ('control' | 'agent' | 'handed-on')[];
  /** In clusters that Skein made, or in those of others too. */
  where: 'made' | 'any';
}

/** Ids of the tokens by which nodes join, so that the right to delete them is one to delete nothing else. */
export const TOKEN_IDS: readonly string[] = [...'0123456789abcdefghijklmnopqrstuvwxyz'].map(
  (last) => `skein${last}`,
);
export const tokenSecretName = (id: string) => `bootstrap-token-${id}`;

export const FLANNEL_NAMESPACE = 'kube-flannel';
export const FLANNEL = 'flannel';
export const FLANNEL_CONFIG = 'kube-flannel-cfg';
export const FLANNEL_DAEMON_SET = 'kube-flannel-ds';
export const PROBE = 'skein-probe';

const MCS = 'multicluster.x-k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
const READ: readonly Verb[] = ['get', 'list', 'watch'];

export const NEEDS: readonly Need[] = [
  {
    group: '',
    resource: 'nodes',
    verbs: ['get', 'list'],
    why: 'an agent reads its own node (pod range, labels, release); the control plane waits until all are ready',
    by: ['agent', 'control'],
    where: 'any',
  },
  {
    group: 'apps',
    resource: 'daemonsets',
    verbs: ['get', 'list'],
    why: 'which CNI there is, and whether it runs on every node',
    by: ['control'],
    where: 'any',
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get', 'list', 'create', 'update', 'delete'],
    namespace: NAMESPACE,
    why: 'one agent of the cluster speaks for its services, and each that answers pods says that it is there',
    by: ['agent'],
    where: 'any',
  },
  {
    group: '',
    resource: 'serviceaccounts/token',
    verbs: ['create'],
    namespace: NAMESPACE,
    names: [AGENT_ACCOUNT],
    why: 'the account replaces its own token before it runs out',
    by: ['agent'],
    where: 'made',
  },

  // ---- Services across clusters (KEP-1645).
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['get', 'create', 'patch'],
    names: [`serviceexports.${MCS}`, `serviceimports.${MCS}`],
    why: 'the kinds ServiceExport and ServiceImport exist',
    by: ['agent'],
    where: 'any',
  },
  {
    group: MCS,
    resource: 'serviceexports',
    verbs: READ,
    why: 'which services are exported',
    by: ['agent'],
    where: 'any',
  },
  {
    group: MCS,
    resource: 'serviceexports/status',
    verbs: ['patch', 'update'],
    why: 'says at an export whether it is valid, ready or in conflict',
    by: ['agent'],
    where: 'any',
  },
  {
    group: MCS,
    resource: 'serviceimports',
    verbs: [...READ, 'create', 'patch', 'update', 'delete'],
    why: 'services of other clusters appear in this one',
    by: ['agent'],
    where: 'any',
  },
  {
    group: MCS,
    resource: 'serviceimports/status',
    verbs: ['patch', 'update'],
    why: 'which clusters an imported service comes from',
    by: ['agent'],
    where: 'any',
  },
  {
    group: '',
    resource: 'services',
    verbs: [...READ, 'create', 'patch', 'update', 'delete'],
    why: 'exported services are read; each import has a Service, whose ClusterIP kube-proxy routes',
    by: ['agent'],
    where: 'any',
  },
  {
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    verbs: [...READ, 'create', 'patch', 'update', 'delete'],
    why: 'where exported services answer from, and where imported ones do',
    by: ['agent'],
    where: 'any',
  },
  {
    group: '',
    resource: 'namespaces',
    verbs: READ,
    why: 'services are imported into namespaces that exist',
    by: ['agent'],
    where: 'any',
  },
  {
    group: '',
    resource: 'configmaps',
    verbs: ['get', 'create', 'patch', 'update', 'delete'],
    namespace: 'kube-system',
    names: ['coredns', 'coredns-custom', 'kube-dns'],
    why: 'CoreDNS asks the agents for clusterset.local',
    by: ['agent'],
    where: 'any',
  },

  // ---- What Skein does in clusters that it made.
  {
    group: '',
    resource: 'nodes',
    verbs: ['patch', 'delete'],
    why: 'a node takes no new pods while it is drained or upgraded, and is forgotten when it was ended',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'pods',
    verbs: ['list'],
    why: 'which pods a node is drained of',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'pods/eviction',
    verbs: ['create'],
    why: 'drains a node without breaking a disruption budget',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'secrets',
    verbs: ['create', 'patch', 'delete'],
    namespace: 'kube-system',
    names: TOKEN_IDS.map(tokenSecretName),
    why: 'the token by which new nodes join: made for them, and deleted when they are in',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'namespaces',
    verbs: ['create', 'patch'],
    names: [FLANNEL_NAMESPACE, NAMESPACE],
    why: 'flannel’s namespace and our own',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'serviceaccounts',
    verbs: ['create', 'patch'],
    namespace: FLANNEL_NAMESPACE,
    names: [FLANNEL],
    why: 'flannel’s account',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'configmaps',
    verbs: ['create', 'patch'],
    namespace: FLANNEL_NAMESPACE,
    names: [FLANNEL_CONFIG],
    why: 'flannel’s configuration',
    by: ['control'],
    where: 'made',
  },
  {
    group: 'apps',
    resource: 'daemonsets',
    verbs: ['create', 'patch'],
    namespace: FLANNEL_NAMESPACE,
    names: [FLANNEL_DAEMON_SET],
    why: 'flannel itself',
    by: ['control'],
    where: 'made',
  },
  {
    group: RBAC,
    resource: 'clusterroles',
    verbs: ['create', 'patch'],
    names: [FLANNEL],
    why: 'flannel’s rights, none of which our account lacks',
    by: ['control'],
    where: 'made',
  },
  {
    group: RBAC,
    resource: 'clusterrolebindings',
    verbs: ['create', 'patch'],
    names: [FLANNEL],
    why: 'flannel’s rights given to its account',
    by: ['control'],
    where: 'made',
  },
  {
    group: '',
    resource: 'pods',
    verbs: ['get'],
    why: 'flannel looks up its own pod',
    by: ['handed-on'],
    where: 'made',
  },
  {
    group: '',
    resource: 'nodes',
    verbs: ['watch'],
    why: 'flannel hears of nodes',
    by: ['handed-on'],
    where: 'made',
  },
  {
    group: '',
    resource: 'nodes/status',
    verbs: ['patch'],
    why: 'flannel says at its node that the network is there',
    by: ['handed-on'],
    where: 'made',
  },
  {
    group: 'apps',
    resource: 'daemonsets',
    verbs: ['create', 'patch', 'delete'],
    namespace: NAMESPACE,
    names: [PROBE],
    why: 'a pod on each node to be reached from every other, before a CNI counts as installed',
    by: ['control'],
    where: 'made',
  },
];

/** Paths that are no resources. */
export const PLAIN_PATHS: readonly string[] = ['/version', '/readyz'];
