/** Names of services as the cluster's own objects say them: they hold while the coordinator is away, and on every node. */
import { type ServiceEndpoint, ServiceProtocol, ServiceType } from '@skein/contract/agent/service.ts';
import { SERVICE_NAME_LABEL, SOURCE_CLUSTER_LABEL } from '@skein/kubernetes/services/crds.ts';
import type { EndpointSliceObject, ServiceImportObject } from '@skein/kubernetes/services/objects.ts';
import { type Addresses, answerFor, type ZoneAnswer } from '@skein/mesh/services/records.ts';
import type { ServiceView } from '@skein/mesh/services/view.ts';
import type { Log } from '../../host/log.ts';
import type { KubernetesApi } from '../api.ts';
import { type Reflector, reflect } from './reflect.ts';

export interface ClusterNames {
  answer(name: string): Promise<ZoneAnswer | undefined>;
  imports: Reflector<ServiceImportObject>;
  slices: Reflector<EndpointSliceObject>;
  /** Slices of imports of one service. */
  slicesOf(key: string): EndpointSliceObject[];
  close(): void;
}

const MCS_SLICES = `/apis/discovery.k8s.io/v1/endpointslices?labelSelector=${encodeURIComponent(
  `${SERVICE_NAME_LABEL},${SOURCE_CLUSTER_LABEL}`,
)}`;

/**
 * @param onChange called with the services whose import or slices changed
 * @param onSynced called when something was listed whole
 */
export function newClusterNames(options: {
  api: KubernetesApi;
  log: Log;
  onChange: (key: string) => void;
  onSynced: () => void;
}): ClusterNames {
  const { api, log, onChange, onSynced } = options;
  const byService = new Map<string, Set<string>>();
  const built = new Map<string, { view: ServiceView; addresses: Addresses }>();
  const serviceOf = ({ metadata }: EndpointSliceObject) =>
    `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`;

  const imports = reflect<ServiceImportObject>({
    api,
    log,
    path: '/apis/multicluster.x-k8s.io/v1beta1/serviceimports',
    onSynced,
    onChange: (key) => {
      built.delete(key);
      onChange(key);
    },
  });
  const slices = reflect<EndpointSliceObject>({
    api,
    log,
    path: MCS_SLICES,
    onSynced,
    onChange: (key, now, before) => {
      if (before) byService.get(serviceOf(before))?.delete(key);
      if (now) {
        const some = byService.get(serviceOf(now)) ?? new Set();
        byService.set(serviceOf(now), some.add(key));
      }
      for (const one of [before, now]) {
        if (!one) continue;
        built.delete(serviceOf(one));
        onChange(serviceOf(one));
      }
    },
  });
  const slicesOf = (key: string) =>
    [...(byService.get(key) ?? [])].sort().flatMap((one) => slices.get(one) ?? []);

  return {
    imports,
    slices,
    slicesOf,
    answer: async (name) =>
      answerFor(name, (key) => {
        if (!imports.synced() || !slices.synced()) return undefined;
        const object = imports.get(key);
        if (!object) return null;
        const known = built.get(key) ?? {
          view: viewOfObjects(object, slicesOf(key)),
          addresses: { by: 'set', ips: object.spec.ips ?? [] } satisfies Addresses,
        };
        built.set(key, known);
        return known;
      }),
    close: () => {
      imports.close();
      slices.close();
    },
  };
}

/** The same view that the objects were made from, as far as names need it. */
export function viewOfObjects(
  object: ServiceImportObject,
  slices: readonly EndpointSliceObject[],
): ServiceView {
  const ports = object.spec.ports.map(({ name = '', protocol = 'TCP', port, appProtocol }) => ({
    name,
    protocol: ServiceProtocol.parse(protocol),
    port,
    appProtocol: appProtocol ?? null,
  }));
  const endpoints = new Map<string, ServiceEndpoint[]>();
  const served = new Map<string, Set<string>>();
  for (const slice of slices) {
    const cluster = slice.metadata.labels?.[SOURCE_CLUSTER_LABEL];
    if (cluster === undefined) continue;
    const targets: Record<string, number> = {};
    for (const { name = '', port } of slice.ports ?? []) if (port !== undefined) targets[name] = port;
    served.set(cluster, new Set([...(served.get(cluster) ?? []), ...Object.keys(targets)]));
    const some = endpoints.get(cluster) ?? [];
    endpoints.set(cluster, some);
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      const [address] = addresses;
      if (address === undefined) continue;
      const ready = conditions?.ready ?? true;
      some.push({ address, ready, ports: targets, ...(hostname ? { hostname } : {}) });
    }
  }
  return {
    service: {
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      type: ServiceType.parse(object.spec.type),
      ports,
      sessionAffinity: 'None',
      sessionAffinitySeconds: null,
      internalTrafficPolicy: 'Cluster',
      trafficDistribution: null,
      labels: {},
      annotations: {},
      conflict: null,
      sources: [...endpoints.keys()].sort().map((cluster) => ({
        cluster,
        distance: 0,
        gone: false,
        ports: ports
          .filter(({ name }) => served.get(cluster)?.has(name))
          .map((port) => ({ ...port, targetPort: port.port })),
      })),
    },
    endpoints,
  };
}
