/**
 * Kubernetes as Skein writes it: objects, manifests and user-data. Data and text alone, for the control plane that asks and
 * for the agent that answers.
 */

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [part: string]: unknown;
}

/** The one field manager of everything that Skein applies: what others wrote into an object stays theirs. */
export const FIELD_MANAGER = 'skein';
export const APPLY = 'application/apply-patch+yaml';
export const MERGE = 'application/merge-patch+json';

/** Where Skein's own objects live in a cluster. */
export const NAMESPACE = 'skein-system';
export const AGENT_ACCOUNT = 'skein-agent';
/** On a node, `true` makes its agent a gateway of the cluster. */
export const GATEWAY_LABEL = 'skein.dev/gateway';
export const MANAGED = { 'app.kubernetes.io/managed-by': 'skein' } as const;

/** Resources of the kinds that we write; the name in paths is not to be guessed from the kind. */
const RESOURCES: Record<string, string> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  DaemonSet: 'daemonsets',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Installation: 'installations',
};

/** Path of one object. Throws RangeError for a kind that we do not write. */
export function pathOf(
  object: Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
    metadata: Pick<KubernetesObject['metadata'], 'name' | 'namespace'>;
  },
): string {
  const { apiVersion, kind, metadata } = object;
  const resource = RESOURCES[kind];
  if (resource === undefined) throw new RangeError(`no resource is known for the kind ${kind}`);
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${group}${within}/${resource}/${metadata.name}`;
}

/** Path for applying it (PATCH, `APPLY`). What another manager claims of it becomes ours: two truths would be none. */
export function applyPath(object: KubernetesObject): string {
  return `${pathOf(object)}?fieldManager=${FIELD_MANAGER}&force=true`;
}
