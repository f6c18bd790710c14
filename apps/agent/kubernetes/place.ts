/** Whether this node is one of a Kubernetes cluster. Looks at little, and is all that agents elsewhere load. */
import { existsSync } from 'node:fs';

export type Place =
  /** In a pod of the cluster, on the host's network. */
  { kind: 'pod'; server: string; node: string } | { kind: 'k3s-server' } | { kind: 'k3s-agent' };

/** As packages/kubernetes/k3s.ts has them; they are not loaded from there, since most nodes have no use for the rest. */
const SERVER = '/etc/rancher/k3s/k3s.yaml';
const KUBELET = '/var/lib/rancher/k3s/agent/kubelet.kubeconfig';

export function findPlace(environment: {
  nodeName: string | undefined;
  apiServer: string | undefined;
}): Place | null {
  const { nodeName: node, apiServer: server } = environment;
  if (node !== undefined && server !== undefined) return { kind: 'pod', server, node };
  if (existsSync(SERVER)) return { kind: 'k3s-server' };
  return existsSync(KUBELET) ? { kind: 'k3s-agent' } : null;
}
