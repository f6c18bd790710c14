/** The leader's half that reads: what this cluster exports, told to the coordinator by listings and changes. */
import { randomUUID } from 'node:crypto';
import {
  type ExportsFrame,
  MOST_EXPORTS,
  type ServiceEndpoint,
  type ServiceExport,
} from '@skein/contract/agent/service.ts';
import { SERVICE_NAME_LABEL } from '@skein/kubernetes/services/crds.ts';
import { type Exported, exportOf } from '@skein/kubernetes/services/export.ts';
import type {
  EndpointSliceObject,
  ServiceExportObject,
  ServiceObject,
} from '@skein/kubernetes/services/objects.ts';
import { endpointsBetween } from '@skein/mesh/services/news.ts';
import type { Log } from '../../host/log.ts';
import type { KubernetesApi } from '../api.ts';
import { reflect } from './reflect.ts';

export interface Exports {
  /** What a ServiceExport exports, or why nothing; undefined where there is none. */
  get(key: string): { wish: ServiceExportObject; exported: Exported } | undefined;
  keys(): string[];
  /** The Service of this name, whatever it is for. */
  service(key: string): ServiceObject | undefined;
  synced(): boolean;
  /** All is told again: the channel is new, or what was told is not known. */
  tellAll(): void;
  close(): void;
}

/** Changes that come together are told together; far below what failover may take. */
const GATHER_MILLISECONDS = 20;
const AGAIN_MILLISECONDS = 5000;
/** JSON in one frame, about. */
const FRAME_BYTES = 512 * 1024;
const OF_SERVICE = 'kubernetes.io/service-name';
/** Slices of Services of the cluster itself: those of imports are not exported again. */
const OWN_SLICES = `/apis/discovery.k8s.io/v1/endpointslices?labelSelector=${encodeURIComponent(
  `${OF_SERVICE},!${SERVICE_NAME_LABEL}`,
)}`;

/**
 * @param onChange called with services whose export, Service or own endpoints changed
 * @param onSynced called when something was listed whole
 */
export function newExports(options: {
  api: KubernetesApi;
  log: Log;
  send: (frame: ExportsFrame) => boolean;
  onChange: (key: string) => void;
  onSynced: () => void;
}): Exports {
  const { api, log, send, onChange } = options;
  const slicesByService = new Map<string, Set<string>>();
  const told = new Map<string, { spec: string; endpoints: readonly ServiceEndpoint[] }>();
  const dirty = new Set<string>();
  let session: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const touch = (key: string) => {
    onChange(key);
    if (!wishes.get(key) && !told.has(key)) return;
    dirty.add(key);
    soon();
  };
  const soon = (milliseconds = GATHER_MILLISECONDS) => {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (session === undefined) list();
      else tellChanges();
    }, milliseconds);
  };
  const listed = () => {
    soon();
    options.onSynced();
  };
  const serviceOf = ({ metadata }: EndpointSliceObject) =>
    `${metadata.namespace}/${metadata.labels?.[OF_SERVICE]}`;

  const wishes = reflect<ServiceExportObject>({
    api,
    log,
    path: '/apis/multicluster.x-k8s.io/v1beta1/serviceexports',
    onChange: touch,
    onSynced: listed,
  });
  const services = reflect<ServiceObject>({
    api,
    log,
    path: '/api/v1/services',
    onChange: (key, now, before) => {
      touch(key);
      // One that was derived from an import is that import's matter.
      const of = (now ?? before)?.metadata;
      const name = of?.labels?.[SERVICE_NAME_LABEL];
      if (name !== undefined) onChange(`${of?.namespace}/${name}`);
    },
    onSynced: listed,
  });
  const slices = reflect<EndpointSliceObject>({
    api,
    log,
    path: OWN_SLICES,
    onSynced: listed,
    onChange: (key, now, before) => {
      if (before) slicesByService.get(serviceOf(before))?.delete(key);
      if (now) {
        const some = slicesByService.get(serviceOf(now)) ?? new Set();
        slicesByService.set(serviceOf(now), some.add(key));
      }
      for (const service of new Set([before, now].flatMap((one) => (one ? [serviceOf(one)] : []))))
        touch(service);
    },
  });
  const synced = () => wishes.synced() && services.synced() && slices.synced();

  const get: Exports['get'] = (key) => {
    const wish = wishes.get(key);
    if (!wish) return undefined;
    const own = [...(slicesByService.get(key) ?? [])].sort().flatMap((one) => slices.get(one) ?? []);
    return { wish, exported: exportOf(wish, services.get(key), own) };
  };
  /** More than may be told are left out, the youngest first. */
  const valid = (): Map<string, { export: ServiceExport; endpoints: ServiceEndpoint[] }> => {
    const some = wishes.keys().flatMap((key) => {
      const exported = get(key)?.exported;
      return exported?.valid ? [[key, exported] as const] : [];
    });
    if (some.length > MOST_EXPORTS)
      log(`${some.length} services are exported, of which the network takes the ${MOST_EXPORTS} oldest`);
    const age = ([key, { export: one }]: (typeof some)[number]) => `${one.exportedAt} ${key}`;
    return new Map(some.sort((a, b) => (age(a) < age(b) ? -1 : 1)).slice(0, MOST_EXPORTS));
  };

  const list = () => {
    // What was not listed yet is not known to be gone.
    if (!synced()) return;
    const name = randomUUID();
    const parts: Pick<ExportsFrame, 'set' | 'endpoints'>[] = [{ set: [], endpoints: [] }];
    let bytes = 0;
    told.clear();
    dirty.clear();
    for (const [key, { export: spec, endpoints }] of valid()) {
      const more = JSON.stringify(spec).length + JSON.stringify(endpoints).length;
      if (bytes > 0 && bytes + more > FRAME_BYTES) {
        parts.push({ set: [], endpoints: [] });
        bytes = 0;
      }
      bytes += more;
      // An export and its endpoints are one: nobody sees the one without the other.
      parts.at(-1)?.set.push(spec);
      parts.at(-1)?.endpoints.push({ key, set: endpoints, removed: [] });
      told.set(key, { spec: JSON.stringify(spec), endpoints });
    }
    const sent = parts.every((part, index) =>
      send({
        type: 'exports',
        session: name,
        listing: { part: index, last: index === parts.length - 1 },
        ...part,
        removed: [],
      }),
    );
    session = sent ? name : undefined;
    // A channel that is away says itself when it is back; one that is congested does not.
    if (!sent) soon(AGAIN_MILLISECONDS);
  };

  const tellChanges = () => {
    if (session === undefined || !synced()) return;
    const frame: ExportsFrame = {
      type: 'exports',
      session,
      listing: null,
      set: [],
      endpoints: [],
      removed: [],
    };
    // Beyond what may be told somebody else may be let in now.
    const all = wishes.keys().length > MOST_EXPORTS ? valid() : undefined;
    for (const key of all ? new Set([...dirty, ...told.keys(), ...all.keys()]) : dirty) {
      const exported = all ? undefined : get(key)?.exported;
      const now = all ? all.get(key) : exported?.valid ? exported : undefined;
      const before = told.get(key);
      if (!now) {
        if (told.delete(key)) frame.removed.push(key);
        continue;
      }
      const spec = JSON.stringify(now.export);
      if (before?.spec !== spec) frame.set.push(now.export);
      frame.endpoints.push(...endpointsBetween(key, before?.endpoints ?? [], now.endpoints));
      told.set(key, { spec, endpoints: now.endpoints });
    }
    dirty.clear();
    if (frame.set.length + frame.endpoints.length + frame.removed.length === 0) return;
    // What would not fit is told as a listing, in parts.
    if (JSON.stringify(frame).length > FRAME_BYTES) list();
    else if (!send(frame)) {
      session = undefined;
      soon(AGAIN_MILLISECONDS);
    }
  };

  return {
    get,
    keys: wishes.keys,
    service: services.get,
    synced,
    tellAll: () => {
      session = undefined;
      clearTimeout(timer);
      timer = undefined;
      soon();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const one of [wishes, services, slices]) one.close();
    },
  };
}
