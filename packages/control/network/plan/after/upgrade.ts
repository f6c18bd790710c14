import { Refusal } from '../../../failure.ts';
import { upgradeSteps } from '../../../operation/steps/kubernetes.ts';
import type { Book, ShapeCluster } from '../shape.ts';
import { type Change, known } from './change.ts';

/** Another release of Kubernetes on every node of a cluster that Skein made. Throws `Refusal` where it cannot be. */
export function upgradedKubernetes(
  { shape }: Book,
  clusterId: string,
  version: string,
): Change & { cluster: ShapeCluster } {
  const cluster = shape.clusters.find((one) => one.id === clusterId);
  if (!cluster) throw new Refusal('not-found', 'There is no such cluster.');
  const { name, kubernetes, peers } = cluster;
  if (kubernetes?.distribution !== 'k3s')
    throw new Refusal('conflict', `Skein did not make the Kubernetes of ${name}: upgrade it as it was made.`);
  if (cluster.state !== 'ready')
    throw new Refusal('conflict', `${name} is not ready: it is ${cluster.state}.`);
  const [from, to] = [minorOf(kubernetes.version ?? version), minorOf(version)];
  // kubernetes.io, “Version Skew Policy”: the API server goes up by one minor release at a time, and never down.
  if (to < from || to > from + 1)
    throw new Refusal(
      'conflict',
      `${name} has ${kubernetes.version}: Kubernetes goes up by one minor release at a time, and never back.`,
    );
  const after = {
    ...shape,
    clusters: shape.clusters.map((one) =>
      one === cluster ? { ...one, kubernetes: { ...kubernetes, version } } : one,
    ),
  };
  const made = peers.filter((peer) => peer.managed);
  const change = known({
    kind: 'upgrade-kubernetes',
    title: `Put ${version} on ${name}`,
    after,
    steps: upgradeSteps({ name, peers: made, server: kubernetes.server }, version),
  });
  return { ...change, cluster };
}

function minorOf(version: string): number {
  return Number(/^v1\.(\d+)\./.exec(version)?.[1] ?? 0);
}
