import { MERGE } from '@skein/kubernetes/object.ts';
import type { StepRun } from '../../engine/step-run.ts';
import type { ClusterApi } from './cluster-api.ts';
import { Node, type Pod, PodList } from './objects.ts';
import { until } from './until.ts';

const MIRROR = 'kubernetes.io/config.mirror';
/** A disruption budget says: not now. */
const TOO_MANY = 429;

/** Whether a node takes new pods. A node that Kubernetes does not know any more takes none. */
export async function setSchedulable(api: ClusterApi, name: string, schedulable: boolean): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  const node = await api.get(path, Node);
  if (!node || (node.spec.unschedulable === true) === !schedulable) return;
  await api.send('PATCH', path, { spec: { unschedulable: schedulable ? null : true } }, MERGE);
}

/** Moves a node's pods elsewhere, as fast as their disruption budgets allow. */
export async function evictPods(run: StepRun, api: ClusterApi, name: string): Promise<void> {
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${name}`)}`;
  await until(run, async () => {
    const pods = ((await api.get(path, PodList))?.items ?? []).filter(isMovable);
    for (const { metadata } of pods) {
      if (metadata.deletionTimestamp !== undefined) continue;
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: metadata.name, namespace: metadata.namespace },
      };
      const at = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/eviction`;
      await api.send('POST', at, eviction, 'application/json', [404, TOO_MANY]);
    }
    if (pods.length === 0) return null;
    const names = pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).slice(0, 10);
    return {
      waitingFor: `${pods.length} pods to leave ${name}: ${names.join(', ')}`,
      code: 'drain-stuck',
      message: `These pods do not leave ${name}: ${names.join(', ')}.`,
      remedy:
        'A disruption budget keeps them, or they take long to end (kubectl get pdb -A). Make room for them elsewhere, then retry this step.',
    };
  });
}

/** Those of DaemonSets come back at once, static ones are the node's own, and ended ones are no work. */
function isMovable({ metadata, status }: Pod): boolean {
  return (
    !metadata.ownerReferences.some((one) => one.kind === 'DaemonSet') &&
    metadata.annotations[MIRROR] === undefined &&
    status.phase !== 'Succeeded' &&
    status.phase !== 'Failed'
  );
}
