/** The leader's half that writes: imports, derived Services, slices, and what is said at exports. One service at a time. */
import type { ServicePort } from '@skein/contract/agent/service.ts';
import { type KubernetesObject, MANAGED } from '@skein/kubernetes/object.ts';
import { exportConditions, withTimes } from '@skein/kubernetes/services/conditions.ts';
import { MCS_VERSION } from '@skein/kubernetes/services/crds.ts';
import {
  derivedName,
  derivedService,
  heldSlice,
  importObject,
  importSlice,
  importStatus,
} from '@skein/kubernetes/services/import.ts';
import type { Metadata, ServiceImportObject, ServiceObject } from '@skein/kubernetes/services/objects.ts';
import { chooseSources } from '@skein/mesh/services/choose.ts';
import { planSlices } from '@skein/mesh/services/slices.ts';
import type { ServiceView } from '@skein/mesh/services/view.ts';
import type { Writer } from './apply.ts';
import { Refused } from './apply.ts';
import type { Exports } from './exports.ts';
import type { ClusterNames } from './names.ts';

export interface ImportsOptions {
  writer: Writer;
  names: ClusterNames;
  exports: Exports;
  /** What the network says of a service; null where it says that there is none, undefined where it was not heard. */
  view: (key: string) => ServiceView | null | undefined;
  /** This cluster's name in the network. */
  cluster: () => string | null;
  now: () => Date;
}

type HeldSlices = Parameters<typeof planSlices>[0];

export interface Imports {
  /** Makes the objects of one service be what the network says of it. Throws where the API server refuses. */
  settle(key: string): Promise<void>;
}

export function newImports(options: ImportsOptions): Imports {
  const { writer, names, exports, now } = options;
  /** What was written last: the watch may not have said so yet. */
  const written = new Map<string, Map<string, HeldSlices>>();

  const settleImport = async (key: string, view: ServiceView) => {
    const { service } = view;
    const before = names.imports.get(key);
    if (before && !isOurs(before)) return;
    const derived = exports.service(`${service.namespace}/${derivedName(service)}`);
    let ips = ipsOf(derived);
    let object = await writer.apply<ServiceImportObject>(importObject(service, ips), before);
    const uid = object.metadata.uid ?? '';
    let problem: { reason: string; message: string } | null = null;
    if (service.type === 'ClusterSetIP') {
      const made = await writer
        .apply<ServiceObject>(derivedService(service, { uid }), derived)
        .catch((error: unknown) => {
          // A cluster of IPv6 alone, say, or one whose service range is full. The import says so.
          if (!(error instanceof Refused) || error.status !== 422) throw error;
          const reason = error.message.includes('ipFamil') ? 'IPFamilyNotSupported' : 'Pending';
          problem = { reason, message: error.message.slice(0, 1000) };
          return undefined;
        });
      const now = ipsOf(made);
      if (now.join() !== ips.join()) {
        ips = now;
        object = await writer.apply<ServiceImportObject>(importObject(service, ips), object);
      }
    } else if (derived && isOurs(derived))
      await writer.remove(named('v1', 'Service', service.namespace, derivedName(service)));
    await settleSlices(key, view, uid);
    const status = importStatus(service, object.status, object.metadata.generation, problem, now());
    await writer.apply(
      { ...named(MCS_VERSION, 'ServiceImport', service.namespace, service.name), status },
      object,
      'status',
    );
  };

  const settleSlices = async (key: string, view: ServiceView, uid: string) => {
    const { service } = view;
    const actual = names.slicesOf(key).filter((slice) => heldSlice(slice) !== undefined);
    const before = written.get(key) ?? heldBy(actual);
    const after = new Map<string, HeldSlices>();
    const chosen = chooseSources(view);
    const kept = new Set<string>();
    const writes: KubernetesObject[] = [];
    for (const [cluster, endpoints] of view.endpoints) {
      const ports = service.ports.filter(
        (_, index): _ is ServicePort => chosen[index]?.includes(cluster) === true,
      );
      const slices = planSlices(before.get(cluster) ?? [], endpoints);
      after.set(
        cluster,
        slices.map(({ number, ports: odd, endpoints: some }) => ({
          number,
          ports: odd,
          addresses: some.map(({ address }) => address),
        })),
      );
      for (const slice of slices) {
        const object = importSlice(service, cluster, slice, ports, { uid });
        kept.add(object.metadata.name);
        writes.push(object);
      }
    }
    written.set(key, after);
    for (const object of writes)
      await writer.apply(
        object,
        actual.find(({ metadata }) => metadata.name === object.metadata.name),
      );
    const gone = new Set(actual.map(({ metadata }) => metadata.name));
    for (const [cluster, slices] of before)
      for (const { number } of slices) gone.add(`${derivedName(service)}-${cluster}-${number}`);
    for (const name of gone)
      if (!kept.has(name))
        await writer.remove(named('discovery.k8s.io/v1', 'EndpointSlice', service.namespace, name));
  };

  const dropImport = async (key: string) => {
    written.delete(key);
    const [namespace = '', name = ''] = key.split('/');
    const object = names.imports.get(key);
    if (object && isOurs(object)) await writer.remove(named(MCS_VERSION, 'ServiceImport', namespace, name));
    // What it owns would go with it by itself, a moment later.
    const derived = derivedName({ namespace, name });
    const service = exports.service(`${namespace}/${derived}`);
    if (service && isOurs(service)) await writer.remove(named('v1', 'Service', namespace, derived));
    for (const slice of names.slicesOf(key))
      if (heldSlice(slice))
        await writer.remove(named('discovery.k8s.io/v1', 'EndpointSlice', namespace, slice.metadata.name));
  };

  const settleExport = async (key: string, view: ServiceView | null | undefined) => {
    const found = exports.get(key);
    if (!found) return;
    const { wish, exported } = found;
    const own = options.cluster();
    const counted = own !== null && view?.service.sources.some(({ cluster }) => cluster === own) === true;
    const said = exportConditions(
      exported,
      view === undefined ? undefined : { conflict: view?.service.conflict ?? null, counted },
    );
    const { namespace = '', name, generation } = wish.metadata;
    const conditions = withTimes(said, wish.status?.conditions ?? [], generation, now());
    await writer.apply(
      { ...named(MCS_VERSION, 'ServiceExport', namespace, name), status: { conditions } },
      wish,
      'status',
    );
  };

  return {
    settle: async (key) => {
      const view = options.view(key);
      if (view) await settleImport(key, view);
      else if (view === null) await dropImport(key);
      await settleExport(key, view);
    },
  };
}

function named(apiVersion: string, kind: string, namespace: string, name: string): KubernetesObject {
  return { apiVersion, kind, metadata: { namespace, name } };
}

function isOurs({ metadata }: { metadata: Metadata }): boolean {
  return Object.entries(MANAGED).every(([key, value]) => metadata.labels?.[key] === value);
}

function ipsOf(service: ServiceObject | undefined): string[] {
  return (service?.spec.clusterIPs ?? []).filter((ip) => ip !== 'None');
}

function heldBy(slices: Parameters<typeof heldSlice>[0][]): Map<string, HeldSlices> {
  const found = slices.flatMap((slice) => heldSlice(slice) ?? []);
  return new Map(
    [...Map.groupBy(found, ({ cluster }) => cluster)].map(([cluster, some]) => [
      cluster,
      some.map(({ number, ports, addresses }) => ({ number, ports, addresses })),
    ]),
  );
}
