/** A cluster's own objects, read as what it exports. */
import {
  DnsLabel,
  type ExportPort,
  MOST_ENDPOINTS,
  ServiceEndpoint,
  ServiceExport,
} from '@skein/contract/agent/service.ts';
import type { EndpointSliceObject, ServiceExportObject, ServiceObject } from './objects.ts';

/** What is exported, or why a ServiceExport exports nothing, by a reason of the standard. */
export type Exported =
  | { valid: true; export: ServiceExport; endpoints: ServiceEndpoint[] }
  | { valid: false; reason: 'NoService' | 'InvalidServiceType' | 'NotExportable'; message: string };

/**
 * @param service of the same namespace and name, if there is one
 * @param slices that service's, of all address types
 */
export function exportOf(
  wish: ServiceExportObject,
  service: ServiceObject | undefined,
  slices: readonly EndpointSliceObject[],
): Exported {
  const { name, namespace = '' } = wish.metadata;
  if (!service)
    return { valid: false, reason: 'NoService', message: `There is no Service ${name} in ${namespace}.` };
  if (service.spec.type === 'ExternalName')
    return {
      valid: false,
      reason: 'InvalidServiceType',
      message: 'A Service of type ExternalName has no endpoints to export.',
    };
  const own = slices.filter(({ addressType }) => addressType === 'IPv4');
  const { spec } = service;
  const ports = (spec.ports ?? []).map(
    (port): ExportPort => ({
      name: port.name ?? '',
      protocol: (port.protocol ?? 'TCP') as ExportPort['protocol'],
      port: port.port,
      appProtocol: port.appProtocol ?? null,
      targetPort: targetOf(port, own),
    }),
  );
  const affine = spec.sessionAffinity === 'ClientIP';
  const parsed = ServiceExport.safeParse({
    namespace,
    name,
    exportedAt: new Date(wish.metadata.creationTimestamp ?? 0).toISOString(),
    type: spec.clusterIP === 'None' ? 'Headless' : 'ClusterSetIP',
    sessionAffinity: affine ? 'ClientIP' : 'None',
    sessionAffinitySeconds: affine ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : null,
    internalTrafficPolicy: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    trafficDistribution: spec.trafficDistribution ?? null,
    labels: wish.spec?.exportedLabels ?? {},
    annotations: wish.spec?.exportedAnnotations ?? {},
    ports,
  });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `${issue?.path.join('.')}: ${issue?.message}`;
    return { valid: false, reason: 'NotExportable', message };
  }
  return { valid: true, export: parsed.data, endpoints: endpointsOf(own, ports) };
}

/** Where most endpoints listen; where there are none, what the Service itself says. */
function targetOf(
  port: NonNullable<ServiceObject['spec']['ports']>[number],
  slices: readonly EndpointSliceObject[],
): number {
  const counts = new Map<number, number>();
  for (const { ports, endpoints } of slices) {
    const target = ports?.find(({ name }) => (name ?? '') === (port.name ?? ''))?.port;
    if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + (endpoints?.length ?? 0));
  }
  const [most] = [...counts].sort(([a, some], [b, others]) => others - some || a - b);
  if (most) return most[0];
  return typeof port.targetPort === 'number' && port.targetPort > 0 ? port.targetPort : port.port;
}

/** In order of addresses, each once: an address that is in two slices for a moment is ready if it is in one of them. */
function endpointsOf(
  slices: readonly EndpointSliceObject[],
  ports: readonly ExportPort[],
): ServiceEndpoint[] {
  const found = new Map<string, ServiceEndpoint>();
  for (const slice of slices) {
    const odd = Object.fromEntries(
      (slice.ports ?? []).flatMap(({ name = '', port }) => {
        const own = ports.find((one) => one.name === name);
        return own && port !== undefined && port !== own.targetPort ? [[name, port]] : [];
      }),
    );
    for (const { addresses, conditions, hostname, nodeName, zone } of slice.endpoints ?? []) {
      const [address] = addresses;
      const ready = conditions?.ready ?? true;
      const known = address !== undefined && found.get(address);
      if (address === undefined || (known && (known.ready || !ready))) continue;
      const endpoint = ServiceEndpoint.safeParse({
        address,
        ready,
        ...(DnsLabel.safeParse(hostname).success ? { hostname } : {}),
        ...(nodeName ? { node: nodeName } : {}),
        ...(zone ? { zone: zone.slice(0, 100) } : {}),
        ...(Object.keys(odd).length > 0 ? { ports: odd } : {}),
      });
      if (endpoint.success) found.set(address, endpoint.data);
    }
  }
  // Ready ones first where there are more than may be told.
  const all = [...found.values()].sort(
    (a, b) => Number(b.ready) - Number(a.ready) || (a.address < b.address ? -1 : 1),
  );
  return all.slice(0, MOST_ENDPOINTS).sort((a, b) => (a.address < b.address ? -1 : 1));
}
