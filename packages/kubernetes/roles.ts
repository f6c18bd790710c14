/** The account of Skein's agents in a cluster, with the rights that they need and no others. */
import { NEEDS, type Need } from './needs.ts';
import { AGENT_ACCOUNT, type KubernetesObject, MANAGED, NAMESPACE } from './object.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/**
 * Namespace, account, roles and bindings, in the order in which they are to be made.
 * @param made whether Skein made the cluster
 */
export function accountObjects(made: boolean): KubernetesObject[] {
  const needs = NEEDS.filter((need) => made || need.where === 'any');
  const namespaces = [...new Set(needs.flatMap((need) => need.namespace ?? []))].sort();
  const labels = { ...MANAGED };
  const subjects = [{ kind: 'ServiceAccount', name: AGENT_ACCOUNT, namespace: NAMESPACE }];
  const role = { apiGroup: GROUP, name: AGENT_ACCOUNT };
  // Roles in a namespace that is yet to be made are made with it.
  const others = namespaces.filter((one) => one !== NAMESPACE && one !== 'kube-system');
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE, labels: { ...labels, ...PRIVILEGED } },
    },
    ...others.map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...labels, ...PRIVILEGED } },
    })),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: AGENT_ACCOUNT, namespace: NAMESPACE, labels },
    },
    {
      apiVersion: RBAC,
      kind: 'ClusterRole',
      metadata: { name: AGENT_ACCOUNT, labels },
      rules: [
        ...rulesOf(needs.filter((need) => need.namespace === undefined)),
        { nonResourceURLs: ['/version', '/readyz'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name: AGENT_ACCOUNT, labels },
      roleRef: { ...role, kind: 'ClusterRole' },
      subjects,
    },
    ...namespaces.flatMap((namespace): KubernetesObject[] => [
      {
        apiVersion: RBAC,
        kind: 'Role',
        metadata: { name: AGENT_ACCOUNT, namespace, labels },
        rules: rulesOf(needs.filter((need) => need.namespace === namespace)),
      },
      {
        apiVersion: RBAC,
        kind: 'RoleBinding',
        metadata: { name: AGENT_ACCOUNT, namespace, labels },
        roleRef: { ...role, kind: 'Role' },
        subjects,
      },
    ]),
  ];
}

/** Pods of the host's network and its privileges, which Pod Security Standards deny elsewhere. */
export const PRIVILEGED = { 'pod-security.kubernetes.io/enforce': 'privileged' } as const;

/** `create` stands apart from what is held to names, since RBAC cannot hold it to them. */
function rulesOf(needs: readonly Need[]): PolicyRule[] {
  return needs.flatMap(({ group, resource, verbs, names }) => {
    const rule = { apiGroups: [group], resources: [resource] };
    // A subresource is created below an object, whose name is known.
    if (names === undefined || resource.includes('/'))
      return [{ ...rule, ...(names && { resourceNames: [...names] }), verbs: [...verbs] }];
    const named = verbs.filter((verb) => verb !== 'create');
    return [
      ...(verbs.includes('create') ? [{ ...rule, verbs: ['create'] }] : []),
      ...(named.length > 0 ? [{ ...rule, resourceNames: [...names], verbs: named }] : []),
    ];
  });
}
