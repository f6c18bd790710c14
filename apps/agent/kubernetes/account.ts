/** The scoped account by which the agent of a k3s server asks from then on, made once with the admin's kubeconfig. */
import { AGENT_ACCOUNT, APPLY, applyPath, NAMESPACE } from '@skein/kubernetes/object.ts';
import { accountObjects } from '@skein/kubernetes/roles.ts';
import { z } from 'zod';
import { AgentFailure } from '../failure.ts';
import { type KubernetesAccess, type KubernetesApi, openKubernetes, reasonOf } from './api.ts';

const TOKEN_PATH = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${AGENT_ACCOUNT}/token`;
const TOKEN_SECONDS = 24 * 3600;
const Issued = z.object({
  status: z.object({ token: z.string().min(1), expirationTimestamp: z.iso.datetime() }),
});

/**
 * Makes the account with its roles, and answers access as that account. Its token is kept in memory alone, and replaced
 * by the account itself when half of its time is over; where that fails, with the admin's kubeconfig once more.
 * @param now milliseconds of the wall clock, which tokens go by
 */
export async function scopedAccess(
  admin: () => Promise<KubernetesAccess>,
  now: () => number,
): Promise<KubernetesAccess> {
  const access = await admin();
  const first = await asAdmin(access, async (api) => {
    for (const object of accountObjects(true))
      must(await api.request('PATCH', applyPath(object), object, APPLY));
    return issue(api, now());
  });
  let held = first;
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const own = openKubernetes({ ...access, credential: async () => ({ token: held.token }) });
    try {
      held = await issue(own, now()).catch(async () => asAdmin(await admin(), (api) => issue(api, now())));
    } finally {
      own.close();
    }
  };
  return {
    server: access.server,
    ca: access.ca,
    credential: async () => {
      if (now() >= held.renewAt) {
        renewing ??= renew().finally(() => {
          renewing = undefined;
        });
        // One that still counts is better than none.
        await renewing.catch((error) => {
          if (now() >= held.until) throw error;
        });
      }
      return { token: held.token };
    },
  };
}

async function asAdmin<T>(access: KubernetesAccess, work: (api: KubernetesApi) => Promise<T>): Promise<T> {
  const api = openKubernetes(access);
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

async function issue(api: KubernetesApi, now: number) {
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const { status } = Issued.parse(must(await api.request('POST', TOKEN_PATH, asked)));
  const until = Date.parse(status.expirationTimestamp);
  return { token: status.token, until, renewAt: now + (until - now) / 2 };
}

function must({ status, body }: { status: number; body: unknown }): unknown {
  if (status >= 200 && status < 300) return body;
  throw new AgentFailure(
    'kubernetes-refused',
    `the API server refused it (HTTP ${status}): ${reasonOf(body)}`,
  );
}
