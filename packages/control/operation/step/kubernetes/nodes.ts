import { TOKEN_IDS, tokenSecretName } from '@skein/kubernetes/needs.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';
import type { StepHandler, StepRun } from '../../engine/step-run.ts';
import { type ClusterApi, k3sSiteOf } from './cluster-api.ts';
import { NodeList } from './objects.ts';
import { until } from './until.ts';

/**
 * Kind `kubernetes-nodes`: waits until Kubernetes knows every node with a range for its pods, and wipes the tokens that
 * they joined by.
 */
export const awaitNodes: StepHandler = async (run) => {
  const { peers, api, kubernetes, server } = await k3sSiteOf(run);
  // Cilium and Calico may cut the range otherwise, but Kubernetes gives out its own all the same.
  await until(run, async () => {
    const known = new Map(
      (await api.get('/api/v1/nodes', NodeList))?.items.map((node) => [node.metadata.name, node]),
    );
    const absent = peers.filter((peer) => !known.has(peer.name)).map((peer) => peer.name);
    if (absent.length > 0)
      return {
        waitingFor: `${absent.join(', ')} to register`,
        code: 'node-absent',
        message: `Kubernetes does not know ${absent.join(', ')}.`,
        remedy: `Look at k3s there (journalctl -u k3s-agent): it must reach TCP 6443 of ${server.name}. Its token counts for an hour; retry the step that started the node where that has passed.`,
      };
    const rangeless = peers.filter(({ name }) => {
      const range = known.get(name)?.spec.podCIDR;
      return range === undefined || !contains(kubernetes.podCidr, range);
    });
    const names = rangeless.map((peer) => peer.name).join(', ');
    if (rangeless.length === 0) return null;
    return {
      waitingFor: `ranges for the pods of ${names}`,
      code: 'node-without-range',
      message: `${names}: no range for pods within ${kubernetes.podCidr}.`,
      remedy: `The range has room for so many nodes with a /24 each: remove nodes, or make the cluster with a larger one.`,
    };
  });
  const wiped = await wipeTokens(run, api);
  run.log(`All nodes are known, and ${wiped} of the tokens they joined by are deleted.`);
  return { nodes: peers.length };
};

/** Each attempt to start nodes has made one token at most, by its number. */
async function wipeTokens(run: StepRun, api: ClusterApi): Promise<number> {
  const { operationId, clusterId } = run.step;
  const started = await run.context.database.step.findMany({
    where: { operationId, clusterId, kind: 'instances' },
    select: { attempt: true },
  });
  const most = Math.min(TOKEN_IDS.length, Math.max(1, ...started.map((step) => step.attempt)));
  let wiped = 0;
  for (const id of TOKEN_IDS.slice(0, most + 1)) {
    const path = `/api/v1/namespaces/kube-system/secrets/${tokenSecretName(id)}`;
    if ((await api.send('DELETE', path, undefined, undefined, [404])) !== 404) wiped += 1;
  }
  return wiped;
}
