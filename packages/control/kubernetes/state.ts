import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import type { ClusterKubernetes, KubernetesState } from '@skein/contract/rest/kubernetes.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { isConnected } from '../network/view.ts';
import { factsOf } from '../operation/step/kubernetes/cluster-api.ts';
import { kubernetesOf } from './of.ts';

/** What a cluster's agents find of Kubernetes on their nodes, beside what it shall have. */
export async function kubernetesState(context: Context, input: { id: string }): Promise<KubernetesState> {
  const { organizationId } = context.actor;
  const cluster = await context.database.cluster.findFirst({
    where: { id: input.id, organizationId },
    include: { peers: { where: { removedAt: null }, orderBy: { name: 'asc' } } },
  });
  if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
  const wanted = kubernetesOf(cluster);
  if (!wanted) throw new Refusal('not-found', `${cluster.name} has plain nodes, and no Kubernetes.`);
  const nodes = cluster.peers.map((peer) => ({
    peerId: peer.id,
    peer: peer.name,
    connected: isConnected(peer),
    seenAt: peer.lastSeenAt?.toISOString() ?? null,
    facts: factsOf(peer) ?? null,
  }));
  return { wanted, nodes, problems: cluster.state === 'ready' ? problemsOf(wanted, nodes) : [] };
}

type Found = { peer: string; connected: boolean; facts: KubernetesFacts | null };

/** What is off in a cluster that should be well, in words with what to do. */
export function problemsOf(wanted: ClusterKubernetes, nodes: readonly Found[]): string[] {
  const known = nodes.flatMap(({ peer, facts }) => (facts ? [{ peer, ...facts }] : []));
  const names = (some: readonly { peer: string }[]) => some.map(({ peer }) => peer).join(', ');
  const problems: string[] = [];
  const tell = (some: readonly { peer: string }[], words: string) => {
    if (some.length > 0) problems.push(`${names(some)}: ${words}`);
  };
  tell(
    nodes.filter(({ connected, facts }) => connected && !facts),
    'the agent finds no Kubernetes on its node. Look at the kubelet there.',
  );
  tell(
    known.filter(({ ready }) => !ready),
    'not ready. Its kubelet says why: kubectl describe node.',
  );
  tell(
    known.filter(({ version }) => wanted.version !== null && version !== null && version !== wanted.version),
    `not ${wanted.version}. Retry the failed step of the upgrade, or upgrade again.`,
  );
  tell(
    known.filter(({ podCidrs }) => podCidrs.length === 0 && wanted.cni !== 'existing'),
    'no range for pods. Was the cluster made with a range that is full?',
  );
  for (const { peer, problem } of known) if (problem) problems.push(`${peer}: ${problem}`);
  const cnis = [...new Set(known.flatMap(({ cni }) => cni ?? []))];
  if (cnis.length > 1) problems.push(`Nodes have different CNIs: ${cnis.join(', ')}.`);
  if (known.length > 0 && !known.some(({ answers }) => answers))
    problems.push('No agent reaches the API server: services are neither exported nor imported.');
  return problems;
}
