/** Keeps the agent's view of its node's Kubernetes cluster while the daemon runs. */
import type {
  KubernetesFacts,
  KubernetesQuestion,
  KubernetesReply,
} from '@skein/contract/agent/kubernetes.ts';
import type { KernelNeed } from '@skein/kubernetes/cni.ts';
import { wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import type { Log } from '../host/log.ts';
import { type OwnCluster, openOwnCluster } from './access.ts';
import { newAnswers } from './answer.ts';
import { gatherKubernetes, kernelNeeds } from './facts.ts';
import type { Place } from './place.ts';

export interface KubernetesKeeper {
  /** Looks once. Never throws; calls during a look are that look. */
  look(): Promise<void>;
  /** As last found; undefined before anything was. */
  facts(): KubernetesFacts | undefined;
  /** The cluster, once its API server has answered. */
  cluster(): OwnCluster | null;
  answer(question: KubernetesQuestion): Promise<KubernetesReply>;
  close(): void;
}

export function newKubernetesKeeper(options: {
  run: Run;
  log: Log;
  /** Asked at each look: a server's node has a kubelet before it has an administrator. */
  place: () => Place | null;
  now: () => number;
}): KubernetesKeeper {
  const { run, log, now } = options;
  /** What `own` was opened as. */
  let openedAs: Place['kind'] | undefined;
  let own: OwnCluster | null = null;
  let facts: KubernetesFacts | undefined;
  let kernel: KernelNeed[] | undefined;
  let looking: Promise<void> | undefined;
  let trouble = '';

  const lookOnce = async () => {
    try {
      kernel ??= await kernelNeeds(run);
      const place = options.place();
      if (place && place.kind !== openedAs) {
        const opened = await openOwnCluster(place, now);
        own?.api.close();
        own = opened;
        openedAs = place.kind;
      }
      if (!own) return;
      facts = await gatherKubernetes(own, kernel);
    } catch (error) {
      if (wordsOf(error) !== trouble) log(`Kubernetes: ${wordsOf(error)}`);
      trouble = wordsOf(error);
    }
  };
  return {
    look: () => {
      looking ??= lookOnce().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    facts: () => facts,
    cluster: () => own,
    answer: newAnswers({ run, log, cluster: () => own, podCidrs: () => facts?.podCidrs ?? [] }),
    close: () => own?.api.close(),
  };
}
