/** `skein-agent pod`: the agent of a Kubernetes node, as the manifest starts it. */
import { AgentFailure, wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import { log } from '../host/log.ts';
import { kubernetesFactsOnce } from '../kubernetes/once.ts';
import { findPlace } from '../kubernetes/place.ts';
import { readEnrolment } from '../state/enrolment.ts';
import { join } from './join.ts';
import { runDaemon } from './run.ts';

/**
 * Joins where the node has not, and keeps it in its network. Keys live on the node: another pod there is the same peer.
 * Throws `usage` where the environment does not say what is needed, and what joining throws.
 */
export async function runPod(
  run: Run,
  environment: {
    joinToken: string | undefined;
    coordinatorUrl: string | undefined;
    nodeName: string | undefined;
    apiServer: string | undefined;
  },
): Promise<void> {
  const place = findPlace(environment);
  if (place?.kind !== 'pod')
    throw new AgentFailure('usage', 'this command is for pods: SKEIN_NODE_NAME must name the node');
  if (!(await readEnrolment())) {
    const { joinToken: token, coordinatorUrl } = environment;
    if (!token || !coordinatorUrl)
      throw new AgentFailure('usage', 'SKEIN_JOIN_TOKEN and SKEIN_COORDINATOR_URL are needed to join');
    // Whether the node is a gateway stands in its labels; without them it joins as any other.
    const kubernetes = await kubernetesFactsOnce(run, place).catch((error) => {
      log(`Kubernetes: ${wordsOf(error)}`);
      return undefined;
    });
    log(await join(run, { coordinatorUrl, token, name: undefined, kubernetes }));
  }
  await runDaemon();
}
