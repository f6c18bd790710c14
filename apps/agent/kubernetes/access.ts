/** The Kubernetes cluster that this node is one of, if any, and as whom the agent asks there. */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { K3S_KUBECONFIG, K3S_KUBELET_KUBECONFIG } from '@skein/kubernetes/k3s.ts';
import { scopedAccess } from './account.ts';
import { type KubernetesAccess, type KubernetesApi, openKubernetes } from './api.ts';
import { readKubeconfig } from './kubeconfig.ts';
import type { Place } from './place.ts';

export interface OwnCluster {
  api: KubernetesApi;
  /** Name of this node's Node object. */
  node: string;
  distribution: 'k3s' | 'existing';
  /** The account is Skein's own, with its rights; else the kubelet's, which may look at its own node alone. */
  scoped: boolean;
  /** SHA-256 of the CA's PEM, hex. */
  caHash: string;
}

const ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Opens the cluster of `place`. Throws where its API server cannot be asked yet. */
export async function openOwnCluster(place: Place, now: () => number): Promise<OwnCluster> {
  if (place.kind === 'pod') {
    const access: KubernetesAccess = {
      server: place.server,
      ca: await readFile(`${ACCOUNT_DIRECTORY}/ca.crt`, 'utf8'),
      // Replaced beneath us every hour.
      credential: async () => ({ token: (await readFile(`${ACCOUNT_DIRECTORY}/token`, 'utf8')).trim() }),
    };
    return opened(access, place.node, 'existing', true);
  }
  if (place.kind === 'k3s-server') {
    const access = await scopedAccess(() => readKubeconfig(K3S_KUBECONFIG), now);
    return opened(access, await nodeName(), 'k3s', true);
  }
  return opened(await readKubeconfig(K3S_KUBELET_KUBECONFIG), await nodeName(), 'k3s', false);
}

function opened(
  access: KubernetesAccess,
  node: string,
  distribution: OwnCluster['distribution'],
  scoped: boolean,
): OwnCluster {
  const caHash = createHash('sha256').update(access.ca).digest('hex');
  return { api: openKubernetes(access), node, distribution, scoped, caHash };
}

/** As the kubelet's own certificate says it (`system:node:NAME`); a kubelet without one goes by the host's name. */
async function nodeName(): Promise<string> {
  if (existsSync(K3S_KUBELET_KUBECONFIG)) {
    const who = await (await readKubeconfig(K3S_KUBELET_KUBECONFIG)).credential();
    if ('certificate' in who) {
      const name = /CN=system:node:([^\s,+]+)/.exec(new X509Certificate(who.certificate).subject)?.[1];
      if (name) return name;
    }
  }
  return hostname().toLowerCase();
}
