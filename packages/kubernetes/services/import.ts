/** An imported service as objects of the importing cluster: ServiceImport, derived Service, EndpointSlices. */
import { createHash } from 'node:crypto';
import type { ImportedService, ServiceEndpoint, ServicePort } from '@skein/contract/agent/service.ts';
import { type KubernetesObject, MANAGED } from '../object.ts';
import { withTimes } from './conditions.ts';
import { MCS_VERSION, SERVICE_NAME_LABEL, SOURCE_CLUSTER_LABEL } from './crds.ts';
import type { Condition, EndpointSliceObject, ServiceImportObject } from './objects.ts';

export const SLICE_MANAGER = 'services.skein.dev';
const MANAGED_SLICE = 'endpointslice.kubernetes.io/managed-by';
const OF_SERVICE = 'kubernetes.io/service-name';
/** Slices with this label are another proxy's: kube-proxy leaves them alone. */
const OTHER_PROXY = 'service.kubernetes.io/service-proxy-name';
const PORTS = 'skein.dev/target-ports';

/** The Service whose ClusterIP is the service's address in this cluster. Its name is a hash, so that it is nobody's own. */
export function derivedName({ namespace, name }: { namespace: string; name: string }): string {
  return `derived-${createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 10)}`;
}

/** @param ips of the derived Service, as far as it has them */
export function importObject(service: ImportedService, ips: readonly string[]): KubernetesObject {
  const { namespace, name, type, labels, annotations } = service;
  return {
    apiVersion: MCS_VERSION,
    kind: 'ServiceImport',
    metadata: {
      namespace,
      name,
      labels: { ...labels, ...MANAGED },
      // An empty map is not kept, and would count as a change each time.
      ...(Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
    },
    spec: {
      type,
      ports: service.ports.map(portOf),
      ipFamilies: ['IPv4'],
      ...(type === 'ClusterSetIP' ? { ips: [...ips] } : {}),
      ...affinityOf(service),
      internalTrafficPolicy: service.internalTrafficPolicy,
      ...(service.trafficDistribution === null ? {} : { trafficDistribution: service.trafficDistribution }),
    },
  };
}

/** @param problem why the service cannot be reached in this cluster, if it cannot */
export function importStatus(
  service: ImportedService,
  held: ServiceImportObject['status'],
  generation: number | undefined,
  problem: { reason: string; message: string } | null,
  now: Date,
): { clusters: { cluster: string }[]; conditions: Condition[] } {
  const said = problem
    ? [{ type: 'Ready', status: 'False' as const, ...problem }]
    : [{ type: 'Ready', status: 'True' as const, reason: 'Ready', message: '' }];
  return {
    clusters: service.sources.map(({ cluster }) => ({ cluster })),
    conditions: withTimes(said, held?.conditions ?? [], generation, now),
  };
}

/** Only for services that have an address. Ours is a plain ClusterIP without a selector: we make its slices. */
export function derivedService(service: ImportedService, owner: { uid: string }): KubernetesObject {
  const { namespace, name } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name: derivedName(service),
      labels: { ...MANAGED, [SERVICE_NAME_LABEL]: name },
      ownerReferences: [ownerReference(name, owner.uid)],
    } as KubernetesObject['metadata'],
    spec: {
      type: 'ClusterIP',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      ports: service.ports.map(portOf),
      ...affinityOf(service),
      internalTrafficPolicy: service.internalTrafficPolicy,
      ...(service.trafficDistribution === null ? {} : { trafficDistribution: service.trafficDistribution }),
    },
  };
}

/** What a slice of ours holds, as `planSlices` of the mesh wants to know it; undefined for a slice that is none of ours. */
export function heldSlice(
  slice: EndpointSliceObject,
): { cluster: string; number: number; ports: string; addresses: string[] } | undefined {
  const labels = slice.metadata.labels ?? {};
  const cluster = labels[SOURCE_CLUSTER_LABEL];
  const number = Number(/-(\d+)$/.exec(slice.metadata.name)?.[1]);
  if (labels[MANAGED_SLICE] !== SLICE_MANAGER || cluster === undefined || Number.isNaN(number))
    return undefined;
  return {
    cluster,
    number,
    ports: slice.metadata.annotations?.[PORTS] ?? '',
    addresses: (slice.endpoints ?? []).flatMap(({ addresses }) => addresses.slice(0, 1)),
  };
}

/**
 * One slice of one source.
 * @param chosen the ports of the import at which this source is to answer. With none kube-proxy passes it over; names of a
 * headless service, and whoever reads slices, see all sources all the same.
 */
export function importSlice(
  service: ImportedService,
  cluster: string,
  slice: { number: number; ports: string; endpoints: readonly ServiceEndpoint[] },
  chosen: readonly ServicePort[],
  owner: { uid: string },
): KubernetesObject {
  const { namespace, name } = service;
  const source = service.sources.find((one) => one.cluster === cluster);
  const odd = new Map<string, number>(slice.ports === '' ? [] : JSON.parse(slice.ports));
  const headless = service.type === 'Headless';
  const served = headless || chosen.length === 0 ? service.ports : chosen;
  const ports = served.flatMap((port) => {
    const own = source?.ports.find(
      (one) => one.name === port.name && one.protocol === port.protocol && one.port === port.port,
    );
    return own ? [portOf({ ...port, port: odd.get(port.name) ?? own.targetPort })] : [];
  });
  const proxied = !headless && chosen.length > 0;
  const base = derivedName(service);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: `${base}-${cluster}-${slice.number}`,
      labels: {
        [SERVICE_NAME_LABEL]: name,
        [SOURCE_CLUSTER_LABEL]: cluster,
        [MANAGED_SLICE]: SLICE_MANAGER,
        ...(proxied ? { [OF_SERVICE]: base } : { [OTHER_PROXY]: 'skein' }),
      },
      ...(slice.ports === '' ? {} : { annotations: { [PORTS]: slice.ports } }),
      ownerReferences: [ownerReference(name, owner.uid)],
    } as KubernetesObject['metadata'],
    addressType: 'IPv4',
    ports,
    endpoints: slice.endpoints.map(({ address, ready, hostname, node, zone }) => ({
      addresses: [address],
      conditions: { ready, serving: ready, terminating: false },
      // Of a pod without a name of its own the standard's DNS makes one of its address; so it may be read here too.
      ...(hostname ? { hostname } : {}),
      ...(node ? { nodeName: node } : {}),
      ...(zone ? { zone } : {}),
    })),
  };
}

function ownerReference(name: string, uid: string) {
  return { apiVersion: MCS_VERSION, kind: 'ServiceImport', name, uid, controller: false };
}

function portOf({ name, protocol, port, appProtocol }: ServicePort) {
  return { name, protocol, port, ...(appProtocol === null ? {} : { appProtocol }) };
}

function affinityOf({ sessionAffinity, sessionAffinitySeconds }: ImportedService) {
  if (sessionAffinity === 'None' || sessionAffinitySeconds === null) return { sessionAffinity: 'None' };
  return {
    sessionAffinity,
    sessionAffinityConfig: { clientIP: { timeoutSeconds: sessionAffinitySeconds } },
  };
}
