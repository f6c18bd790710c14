import type { StepHandler } from '../../engine/step-run.ts';
import { inputOf } from '../site.ts';
import { k3sSiteOf } from './cluster-api.ts';
import { evictPods, setSchedulable } from './evict.ts';

/** Kind `kubernetes-drain`: the pods of nodes that are about to go move elsewhere, and Kubernetes forgets the nodes. */
export const drainNodes: StepHandler = async (run) => {
  const { api } = await k3sSiteOf(run);
  const names = inputOf(run).peers ?? [];
  for (const name of names) {
    await setSchedulable(api, name, false);
    await evictPods(run, api, name);
    await api.send('DELETE', `/api/v1/nodes/${name}`, undefined, undefined, [404]);
    run.log(`${name} is drained and forgotten.`);
  }
  return { drained: names.length };
};
