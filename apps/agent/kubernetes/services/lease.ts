/**
 * One agent of a cluster is the one that speaks for it: whoever holds a Lease. As in Kubernetes' own leader election, times
 * are compared by each one's own clock: a Lease has run out when nobody changed it for as long as it holds.
 */
import { NAMESPACE } from '@skein/kubernetes/object.ts';
import { wordsOf } from '../../failure.ts';
import type { Log } from '../../host/log.ts';
import { type KubernetesApi, reasonOf } from '../api.ts';

export interface Election {
  leads(): boolean;
  /** Gives the Lease back, so that another need not wait for its end. */
  close(): Promise<void>;
}

interface Lease {
  metadata: { name: string; namespace: string; resourceVersion?: string };
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

export interface LeaseTimes {
  /** How long a Lease holds that nobody renews. */
  seconds: number;
  everyMilliseconds: number;
}
const TIMES: LeaseTimes = { seconds: 8, everyMilliseconds: 2000 };
/** The holder gives up before others may take over. */
const CERTAIN = 0.75;
const PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;

export function elect(options: {
  api: KubernetesApi;
  name: string;
  identity: string;
  log: Log;
  /** Monotonic milliseconds, and the wall clock. */
  clock: () => number;
  now: () => Date;
  onChange: (leads: boolean) => void;
  times?: LeaseTimes;
}): Election {
  const { api, name, identity, clock, now } = options;
  const { seconds, everyMilliseconds } = options.times ?? TIMES;
  let leads = false;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let seen = '';
  let seenAt = clock();
  let closed = false;
  let said = '';
  let running: Promise<void> = Promise.resolve();

  const change = (to: boolean) => {
    if (leads === to) return;
    leads = to;
    options.onChange(to);
  };

  const write = async (lease: Lease | undefined, holder: string): Promise<boolean> => {
    const held = lease?.spec.holderIdentity === identity;
    const time = now().toISOString().replace('Z', '000Z');
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: NAMESPACE, ...lease?.metadata },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: seconds,
        renewTime: time,
        acquireTime: held ? (lease.spec.acquireTime ?? time) : time,
        leaseTransitions: (lease?.spec.leaseTransitions ?? 0) + (held || !lease ? 0 : 1),
      },
    };
    const sentAt = clock();
    const answer = lease
      ? await api.request('PUT', `${PATH}/${name}`, body)
      : await api.request('POST', PATH, body);
    if (answer.status === 409) return false;
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`HTTP ${answer.status}: ${reasonOf(answer.body)}`);
    renewedAt = sentAt;
    return true;
  };

  const turn = async () => {
    const answer = await api.request('GET', `${PATH}/${name}`);
    if (answer.status !== 200 && answer.status !== 404)
      throw new Error(`HTTP ${answer.status}: ${reasonOf(answer.body)}`);
    const lease = answer.status === 200 ? (answer.body as Lease) : undefined;
    const version = lease?.metadata.resourceVersion ?? '';
    if (version !== seen) {
      seen = version;
      seenAt = clock();
    }
    const holder = lease?.spec.holderIdentity ?? '';
    const ranOut = clock() - seenAt > (lease?.spec.leaseDurationSeconds ?? seconds) * 1000;
    if (holder !== identity && holder !== '' && !ranOut) return change(false);
    if (await write(lease, identity)) change(true);
    else if (leads) change(false);
  };

  const tick = async () => {
    if (closed) return;
    try {
      await turn();
      said = '';
    } catch (error) {
      const words = wordsOf(error);
      if (words !== said) options.log(`the lease ${name} is not renewed: ${words}`);
      said = words;
    }
    if (leads && clock() - renewedAt > seconds * 1000 * CERTAIN) change(false);
  };
  // A request may hang for longer than the Lease holds.
  const watching = setInterval(() => {
    if (leads && clock() - renewedAt > seconds * 1000 * CERTAIN) change(false);
  }, 500);
  let busy = false;
  const next = () => {
    if (busy) return;
    busy = true;
    running = tick().finally(() => {
      busy = false;
    });
  };
  const timer = setInterval(next, everyMilliseconds);
  next();

  return {
    leads: () => leads,
    close: async () => {
      closed = true;
      clearInterval(timer);
      clearInterval(watching);
      await running;
      if (!leads) return;
      change(false);
      try {
        const answer = await api.request('GET', `${PATH}/${name}`);
        const lease = answer.status === 200 ? (answer.body as Lease) : undefined;
        if (lease?.spec.holderIdentity === identity) await write(lease, '');
      } catch {
        // It runs out by itself.
      }
    },
  };
}
