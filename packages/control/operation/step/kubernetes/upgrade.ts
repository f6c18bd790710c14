import { StepFailure, type StepHandler } from '../../engine/step-run.ts';
import { gone, inputOf } from '../site.ts';
import { askNode, k3sSiteOf } from './cluster-api.ts';
import { evictPods, setSchedulable } from './evict.ts';
import { isReady, Node } from './objects.ts';
import { until } from './until.ts';

/** Kind `kubernetes-upgrade`: one node is drained, gets the release, comes back, and takes pods again. */
export const upgradeNode: StepHandler = async (run) => {
  const { api, peers } = await k3sSiteOf(run);
  const { version } = inputOf(run);
  const [peer] = peers;
  if (!peer || !version) throw gone('The node is gone.');
  const path = `/api/v1/nodes/${peer.name}`;
  const has = async () => {
    const node = await api.get(path, Node);
    return node !== null && node.status.nodeInfo.kubeletVersion === version && isReady(node);
  };
  if (!(await has())) {
    await setSchedulable(api, peer.name, false);
    await evictPods(run, api, peer.name);
    run.log(`${peer.name} is drained.`);
    try {
      await askNode(run, peer, { ask: 'upgrade', version });
    } catch (error) {
      // The release may be in place though nobody heard of it: the node itself says which it has.
      if (!(error instanceof StepFailure) || error.detail.code !== 'agent-silent') throw error;
    }
    await until(run, async () => {
      if (await has()) return null;
      return {
        waitingFor: `${peer.name} to be ready with ${version}`,
        code: 'upgrade-not-ready',
        message: `${peer.name} is not ready with ${version}.`,
        remedy: `Look at k3s on ${peer.name} (journalctl -u k3s or k3s-agent), then retry this step.`,
      };
    });
  }
  await setSchedulable(api, peer.name, true);
  run.log(`${peer.name} has ${version}.`);
  return { version };
};
