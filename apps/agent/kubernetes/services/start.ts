/**
 * Services across clusters on a node of a Kubernetes cluster whose API server this agent may ask. Every such agent answers
 * pods' questions for names; one of them, that a Lease elects tells what the cluster exports and writes what it imports.
 */
import { isIPv4 } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { ExportsFrame } from '@skein/contract/agent/service.ts';
import { NAMESPACE } from '@skein/kubernetes/object.ts';
import { dnsSliceName } from '@skein/kubernetes/services/coredns.ts';
import { MCS_VERSION, mcsKinds } from '@skein/kubernetes/services/crds.ts';
import type { Clusterset } from '../../dns/clusterset.ts';
import type { NameServer } from '../../dns/server.ts';
import { wordsOf } from '../../failure.ts';
import type { Log } from '../../host/log.ts';
import type { ServiceKeeper } from '../../service/keeper.ts';
import { type KubernetesApi, reasonOf } from '../api.ts';
import { newWriter } from './apply.ts';
import { type Exports, newExports } from './exports.ts';
import { type Imports, newImports } from './imports.ts';
import { elect, type LeaseTimes } from './lease.ts';
import { newClusterNames } from './names.ts';
import { servePods } from './pods.ts';
import { type KeyQueue, newKeyQueue } from './queue.ts';
import { type Reflector, reflect } from './reflect.ts';
import { announce, keepWired, takeBack } from './wiring.ts';

export interface KubernetesServices {
  /** Answers names from the cluster's own objects. */
  clusterset: Clusterset;
  /** The channel is open: what is exported is told anew. */
  connected(): void;
  /** The coordinator does not know what changes were told of. */
  exportsUnknown(): void;
  leads(): boolean;
  /** What is in the way of pods' names, in words, as the leader found last. */
  problem(): string | null;
  close(): Promise<void>;
  /** The node leaves the cluster's services: nobody asks it any more. Call before `close`. */
  leave(): Promise<void>;
}

export interface KubernetesServicesOptions {
  api: KubernetesApi;
  peerId: string;
  /** The cluster's name in the network, once a map is there. */
  cluster: () => string | null;
  /** At which pods of any node reach this one; null where it answers no pods. */
  address: string | null;
  keeper: Pick<ServiceKeeper, 'followNamespaces' | 'views' | 'view'>;
  send: (frame: ExportsFrame) => boolean;
  log: Log;
  random: () => number;
  leaseTimes?: LeaseTimes;
}

const LEASE = 'skein-services';
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
/** How often all is compared, whether or not anything was heard. */
const COMPARE_MILLISECONDS = 60_000;
const SERVED_MILLISECONDS = 15_000;
const WIRE_MILLISECONDS = 15_000;
/** An agent that has not said for so long that it is there is asked by nobody. */
const ALIVE_SECONDS = 45;

/** What only the leader does. */
interface Office {
  exports: Exports;
  imports: Imports;
  namespaces: Reflector<unknown>;
  queue: KeyQueue;
  timers: NodeJS.Timeout[];
}

/** Makes the kinds where they are not there yet; those that somebody else made are left as they are. */
export async function ensureKinds(api: KubernetesApi): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const kind of mcsKinds()) {
    const found = await api.request('GET', `${path}/${kind.metadata.name}`);
    if (found.status === 200) continue;
    const made = await api.request('POST', path, kind);
    if (made.status !== 201 && made.status !== 409)
      throw new Error(`${kind.metadata.name} was not made: ${reasonOf(made.body)}`);
  }
  // The API server takes a moment until it serves a new kind.
  const deadline = performance.now() + SERVED_MILLISECONDS;
  for (const plural of ['serviceexports', 'serviceimports'])
    for (;;) {
      const { status, body } = await api.request('GET', `/apis/${MCS_VERSION}/${plural}?limit=1`);
      if (status === 200) break;
      if (performance.now() > deadline) throw new Error(`${plural} are not served: ${reasonOf(body)}`);
      await wait(100);
    }
}

/** By which pods of any node reach this one; null where its Node object says none. */
export async function nodeAddress(api: KubernetesApi, node: string): Promise<string | null> {
  const { status, body } = await api.request('GET', `/api/v1/nodes/${encodeURIComponent(node)}`);
  if (status !== 200) throw new Error(`the Node ${node} is not shown: ${reasonOf(body)}`);
  const { addresses = [] } = (body as { status: { addresses?: { type: string; address: string }[] } }).status;
  const internal = addresses.filter(({ type, address }) => type === 'InternalIP' && isIPv4(address));
  return internal[0]?.address ?? null;
}

export function startKubernetesServices(options: KubernetesServicesOptions): KubernetesServices {
  const { api, peerId, keeper, log } = options;
  const writer = newWriter(api);
  const now = () => new Date();
  let office: Office | undefined;
  let problem: string | null = null;
  let server: NameServer | undefined;
  let closed = false;
  const touch = (key: string) => office?.queue.add(key);
  const names = newClusterNames({ api, log, onChange: touch, onSynced: () => touchAll() });
  const clusterset: Clusterset = { answer: names.answer, random: options.random };

  const touchAll = () => {
    if (!office) return;
    const { exports, queue } = office;
    for (const key of new Set([...keeper.views().keys(), ...names.imports.keys(), ...exports.keys()]))
      queue.add(key);
  };

  const takeOffice = () => {
    log('this agent speaks for the services of its cluster');
    const queue = newKeyQueue(
      async (key) => {
        const { exports, imports } = office ?? {};
        // Before all was listed nobody knows what is there.
        if (!imports || !exports?.synced() || !names.imports.synced() || !names.slices.synced())
          throw new Error('not all of the cluster was read yet');
        await imports.settle(key);
      },
      (key, error, failures) => {
        if (failures > 3) log(`service ${key}: ${wordsOf(error)}`);
      },
    );
    const exports = newExports({ api, log, send: options.send, onChange: touch, onSynced: touchAll });
    const imports = newImports({ writer, names, exports, view: keeper.view, cluster: options.cluster, now });
    const follow = () => {
      if (namespaces.synced()) keeper.followNamespaces(namespaces.keys(), heard);
    };
    const heard = (keys: ReadonlySet<string>) => {
      for (const key of keys) touch(key);
    };
    const namespaces = reflect<unknown>({
      api,
      log,
      path: '/api/v1/namespaces',
      onChange: (key, now) => {
        follow();
        if (now) for (const one of keeper.views().keys()) if (one.startsWith(`${key}/`)) touch(one);
      },
      onSynced: follow,
    });
    const wiring = () => {
      wireUp().catch((error) => log(`names of services: ${wordsOf(error)}`));
    };
    office = {
      exports,
      imports,
      namespaces,
      queue,
      timers: [setInterval(touchAll, COMPARE_MILLISECONDS), setInterval(wiring, WIRE_MILLISECONDS)],
    };
    wiring();
  };

  const leaveOffice = async () => {
    if (!office) return;
    log('this agent speaks for the services of its cluster no more');
    const { exports, namespaces, queue, timers } = office;
    office = undefined;
    for (const timer of timers) clearInterval(timer);
    exports.close();
    namespaces.close();
    keeper.followNamespaces([], () => undefined);
    await queue.close();
  };

  const wireUp = async () => {
    const { status, body } = await api.request('GET', LEASES);
    if (status !== 200) throw new Error(`leases were not listed: ${reasonOf(body)}`);
    const leases = (body as { items: { metadata: { name: string }; spec: { renewTime?: string } }[] }).items;
    const alive = new Set(
      leases
        .filter(({ spec }) => Date.now() - Date.parse(spec.renewTime ?? '') < ALIVE_SECONDS * 1000)
        .map(({ metadata }) => metadata.name),
    );
    const found = await keepWired(api, writer, (name) => alive.has(name));
    if (found !== problem && found !== null) log(`names of services: ${found}`);
    problem = found;
  };

  const election = elect({
    api,
    name: LEASE,
    identity: peerId,
    log,
    clock: () => performance.now(),
    now,
    ...(options.leaseTimes ? { times: options.leaseTimes } : {}),
    onChange: (leads) => {
      if (leads && !closed) takeOffice();
      else leaveOffice().catch((error) => log(`services: ${wordsOf(error)}`));
    },
  });
  /** Says that this agent is there; nobody else wants this Lease. */
  const presence = options.address
    ? elect({
        api,
        name: dnsSliceName(peerId),
        identity: peerId,
        log,
        clock: () => performance.now(),
        now,
        times: { seconds: 30, everyMilliseconds: 10_000 },
        onChange: () => undefined,
      })
    : undefined;

  const answerPods = async (address: string) => {
    server = await servePods(address, clusterset);
    if (!closed) await announce(writer, peerId, address);
  };
  const answering = options.address
    ? answerPods(options.address).catch((error) => log(`pods are not answered: ${wordsOf(error)}`))
    : Promise.resolve();

  return {
    clusterset,
    connected: () => office?.exports.tellAll(),
    exportsUnknown: () => office?.exports.tellAll(),
    leads: election.leads,
    problem: () => problem,
    leave: async () => {
      await answering;
      if (options.address) await takeBack(api, writer, peerId);
    },
    close: async () => {
      closed = true;
      await leaveOffice();
      await election.close();
      await presence?.close();
      names.close();
      await answering;
      await server?.close();
    },
  };
}
