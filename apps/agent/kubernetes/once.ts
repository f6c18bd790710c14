import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import type { Run } from '../host/command.ts';
import { openOwnCluster } from './access.ts';
import { gatherKubernetes, kernelNeeds } from './facts.ts';
import type { Place } from './place.ts';

/** What is found of Kubernetes on the node at this moment. Throws where its API server cannot be asked. */
export async function kubernetesFactsOnce(run: Run, place: Place): Promise<KubernetesFacts> {
  const own = await openOwnCluster(place, Date.now);
  try {
    return await gatherKubernetes(own, await kernelNeeds(run));
  } finally {
    own.api.close();
  }
}
