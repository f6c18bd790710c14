/** What joins a cluster that is there already: one manifest, and the same as a Helm chart. */
import { AGENT_ACCOUNT, type KubernetesObject, MANAGED, NAMESPACE } from './object.ts';
import { accountObjects } from './roles.ts';
import { yamlOf } from './yaml.ts';

export interface AgentInstall {
  coordinatorUrl: string;
  joinToken: string;
  image: string;
}

const SECRET = 'skein-join';
/** Where the agent finds the node's CNI configuration, which it only reads. */
export const HOST_CNI_DIRECTORY = '/host/cni/net.d';

/** Namespace, account, roles, the join token and the agent on every node, in the order in which they are to be made. */
export function agentObjects(install: AgentInstall): KubernetesObject[] {
  const labels = { ...MANAGED, app: AGENT_ACCOUNT };
  return [
    ...accountObjects(false),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET, namespace: NAMESPACE, labels },
      type: 'Opaque',
      // Not as text: what is written so is never the same again to `kubectl apply`.
      data: { token: base64Of(install.joinToken) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: AGENT_ACCOUNT, namespace: NAMESPACE, labels },
      spec: {
        selector: { matchLabels: { app: AGENT_ACCOUNT } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: { metadata: { labels }, spec: podSpec(install) },
      },
    },
  ];
}

/** As the data of secrets stands. */
export function base64Of(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** For `kubectl apply -f`. */
export function agentManifest(install: AgentInstall): string {
  return yamlOf(agentObjects(install));
}

function podSpec({ coordinatorUrl, image }: AgentInstall): object {
  const env = (name: string, valueFrom: object) => ({ name, valueFrom });
  const mounts = [
    // Keys and who the node is outlive the pod: the node stays the same peer.
    { name: 'state', mountPath: '/var/lib/skein', path: '/var/lib/skein', type: 'DirectoryOrCreate' },
    { name: 'run', mountPath: '/run/skein', path: '/run/skein', type: 'DirectoryOrCreate' },
    {
      name: 'cni',
      mountPath: HOST_CNI_DIRECTORY,
      path: '/etc/cni/net.d',
      type: 'DirectoryOrCreate',
      readOnly: true,
    },
    {
      name: 'modules',
      mountPath: '/lib/modules',
      path: '/lib/modules',
      type: 'DirectoryOrCreate',
      readOnly: true,
    },
  ];
  return {
    hostNetwork: true,
    // Names of the cluster are of no use to it before the cluster's network is there.
    dnsPolicy: 'Default',
    serviceAccountName: AGENT_ACCOUNT,
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    // It tells the others that it goes, and waits until nothing comes by it.
    terminationGracePeriodSeconds: 15,
    containers: [
      {
        name: 'agent',
        image,
        imagePullPolicy: 'IfNotPresent',
        args: ['pod'],
        env: [
          { name: 'SKEIN_COORDINATOR_URL', value: coordinatorUrl },
          env('SKEIN_JOIN_TOKEN', { secretKeyRef: { name: SECRET, key: 'token' } }),
          env('SKEIN_NODE_NAME', { fieldRef: { fieldPath: 'spec.nodeName' } }),
        ],
        resources: { requests: { cpu: '20m', memory: '80Mi' } },
        // WireGuard, routes, packet filter and forwarding of the node itself: /proc/sys is read-only without.
        securityContext: { privileged: true },
        volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
          name,
          mountPath,
          ...(readOnly && { readOnly }),
        })),
      },
    ],
    volumes: mounts.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
  };
}
