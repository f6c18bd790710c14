import { PROBE } from '@skein/kubernetes/needs.ts';
import { NAMESPACE, pathOf } from '@skein/kubernetes/object.ts';
import { probeObject } from '@skein/kubernetes/probe.ts';
import type { StepHandler } from '../../engine/step-run.ts';
import { askNode, k3sSiteOf } from './cluster-api.ts';
import { isReady, type Pod, PodList, podsPath, troubleOf } from './objects.ts';
import { until } from './until.ts';

/** Kind `cni-probe`: a pod on every node must be reached from every other node's own pod range. */
export const probeCni: StepHandler = async (run) => {
  const { api, nodes, cluster } = await k3sSiteOf(run);
  await api.apply(probeObject());
  let pods: Pod[] = [];
  await until(run, async () => {
    const found = (await api.get(podsPath(NAMESPACE, { app: PROBE }), PodList))?.items ?? [];
    pods = found.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const missing = nodes.filter(
      ({ name }) => !pods.some((pod) => pod.spec.nodeName === name && isReady(pod) && pod.status.podIP),
    );
    if (missing.length === 0) return null;
    const troubles = pods.flatMap((pod) => troubleOf(pod) ?? []);
    const names = missing.map((node) => node.name).join(', ');
    return {
      waitingFor: `a pod on ${names}`,
      code: 'cni-probe-pods',
      message: `No pod comes up on ${names}. ${troubles.join('; ')}`,
      remedy: 'Mend what it says; the CNI must be able to give a pod an address. Then retry this step.',
    };
  });
  let tried = 0;
  await until(run, async () => {
    const unreached: string[] = [];
    tried = 0;
    for (const node of nodes) {
      const others = pods.filter((pod) => pod.spec.nodeName !== node.name);
      const addresses = others.flatMap((pod) => pod.status.podIP ?? []);
      if (addresses.length === 0) continue;
      const reply = await askNode(run, node, { ask: 'ping', addresses });
      if (reply.answer !== 'pinged') throw new Error(`${node.name} answered ${reply.answer} to a ping`);
      tried += addresses.length;
      for (const pod of others)
        if (pod.status.podIP && !reply.answered.includes(pod.status.podIP))
          unreached.push(`${node.name} → ${pod.spec.nodeName}`);
    }
    if (unreached.length === 0) return null;
    return {
      waitingFor: `pods to be reached: ${unreached.join(', ')}`,
      code: 'cni-probe-unreached',
      message: `Pods of other nodes are not reached in ${cluster.name}: ${unreached.slice(0, 20).join(', ')}.`,
      remedy:
        'Look at the CNI’s own log on these nodes, and whether the cluster’s security groups let its packets through; then retry this step.',
    };
  });
  await api.send('DELETE', pathOf(probeObject()), undefined, undefined, [404]);
  run.log(`Every node reaches the pods of every other: ${tried} ways.`);
  return { ways: tried };
};
