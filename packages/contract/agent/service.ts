/**
 * Services across clusters, as agents and the coordinator speak of them. The words are those of KEP-1645: a cluster
 * exports a service, all exports of one namespace and name together are one imported service.
 */
import { z } from 'zod';
import { Ipv4, Ipv6, Label, Port } from '../primitive.ts';

/** The zone of the standard; nobody may choose another. */
export const CLUSTERSET_ZONE = 'clusterset.local';

/** Bounds of what one cluster may export, and of what one agent may ask for. */
export const MOST_EXPORTS = 500;
export const MOST_ENDPOINTS = 1000;
export const MOST_NAMES_FOLLOWED = 500;
export const MOST_NAMESPACES_FOLLOWED = 2000;
export const MOST_CHECKS = 100;

/** What Kubernetes calls namespaces, services and hosts (RFC 1123). */
export const DnsLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'use 1 to 63 lower-case letters, digits and hyphens');

/** `NAMESPACE/NAME`. */
export const ServiceKey = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be NAMESPACE/NAME, such as shop/checkout',
  );

export const ServiceProtocol = z.enum(['TCP', 'UDP', 'SCTP']);
export type ServiceProtocol = z.infer<typeof ServiceProtocol>;

/** As others see a port of a service; `name` is empty where the service has but one. */
export const ServicePort = z.object({
  name: z.union([z.literal(''), DnsLabel]),
  protocol: ServiceProtocol,
  port: Port,
  appProtocol: z.string().max(300).nullable(),
});
export type ServicePort = z.infer<typeof ServicePort>;

/** `targetPort`: where endpoints listen, but those that say otherwise. */
export const ExportPort = ServicePort.extend({ targetPort: Port });
export type ExportPort = z.infer<typeof ExportPort>;

/** Keys and values that a ServiceExport says are to be seen on the import. */
const Texts = z
  .record(z.string().max(317), z.string().max(4096))
  .refine((texts) => Object.keys(texts).length <= 64, 'must be no more than 64');

export const ServiceType = z.enum(['ClusterSetIP', 'Headless']);
export type ServiceType = z.infer<typeof ServiceType>;

const Consumption = {
  type: ServiceType,
  sessionAffinity: z.enum(['None', 'ClientIP']),
  /** With `ClientIP` alone. */
  sessionAffinitySeconds: z.int().min(1).max(86400).nullable(),
  internalTrafficPolicy: z.enum(['Cluster', 'Local']),
  trafficDistribution: z.string().max(100).nullable(),
  labels: Texts,
  annotations: Texts,
};

/** One cluster's export of a service, without its endpoints. */
export const ServiceExport = z.object({
  namespace: DnsLabel,
  name: DnsLabel,
  /** When the ServiceExport was made: where exports differ, the oldest decides. */
  exportedAt: z.iso.datetime(),
  ...Consumption,
  ports: z.array(ExportPort).max(100),
});
export type ServiceExport = z.infer<typeof ServiceExport>;

/** One address behind a service, known by it within one cluster. */
export const ServiceEndpoint = z.object({
  address: Ipv4,
  /** The same in IPv6, where it is reached by that too. */
  six: Ipv6.optional(),
  ready: z.boolean(),
  hostname: DnsLabel.optional(),
  node: z.string().max(253).optional(),
  zone: z.string().max(100).optional(),
  /** Target ports by the names of ports, where they are not the export's own. */
  ports: z.record(z.string().max(63), Port).optional(),
});
export type ServiceEndpoint = z.infer<typeof ServiceEndpoint>;

/** New and changed endpoints, and the addresses of those that are no more. What is not named stays. */
export const EndpointChange = z.object({
  key: ServiceKey,
  set: z.array(ServiceEndpoint).max(MOST_ENDPOINTS),
  removed: z.array(Ipv4).max(MOST_ENDPOINTS),
});
export type EndpointChange = z.infer<typeof EndpointChange>;

/**
 * What a cluster exports, told by the one agent of it that reads its API server. A listing says all, in as many parts
 * as frames need; what no part names is exported no more. What follows under the same session are changes.
 */
export const ExportsFrame = z.object({
  type: z.literal('exports'),
  /** Made anew for each listing: changes to another's listing are not taken. */
  session: z.string().min(8).max(64),
  listing: z.object({ part: z.int().min(0).max(MOST_EXPORTS), last: z.boolean() }).nullable(),
  set: z.array(ServiceExport).max(MOST_EXPORTS),
  endpoints: z.array(EndpointChange).max(MOST_EXPORTS),
  removed: z.array(ServiceKey).max(MOST_EXPORTS),
});
export type ExportsFrame = z.infer<typeof ExportsFrame>;

/** What this agent wants to hear of, whole each time: all services of these namespaces, and these services. */
export const FollowFrame = z.object({
  type: z.literal('services-follow'),
  namespaces: z.array(DnsLabel).max(MOST_NAMESPACES_FOLLOWED),
  names: z.array(ServiceKey).max(MOST_NAMES_FOLLOWED),
});
export type FollowFrame = z.infer<typeof FollowFrame>;

/** How the services of this host do that it was asked to look at, whole each time. */
export const HealthFrame = z.object({
  type: z.literal('service-health'),
  results: z
    .array(z.object({ id: z.string().max(40), ready: z.boolean(), problem: z.string().max(200).nullable() }))
    .max(MOST_CHECKS),
});
export type HealthFrame = z.infer<typeof HealthFrame>;

/** Why exports of one service do not agree: reasons of the standard (`PortConflict` …), and who won, in words. */
export const ServiceConflict = z.object({ reasons: z.array(z.string()), message: z.string() });
export type ServiceConflict = z.infer<typeof ServiceConflict>;

/** A cluster that exports an imported service. */
export const ServiceSource = z.object({
  cluster: Label,
  /** As far from who is told: 0 is its own cluster, 1 the same region of the same provider, 2 anywhere else. */
  distance: z.int().min(0).max(2),
  /** Nobody there has been heard of for a while: used only where no other is ready. */
  gone: z.boolean(),
  ports: z.array(ExportPort),
});
export type ServiceSource = z.infer<typeof ServiceSource>;

/** A service as it is to be consumed, without its endpoints. Sources come sorted by cluster. */
export const ImportedService = z.object({
  namespace: DnsLabel,
  name: DnsLabel,
  ...Consumption,
  ports: z.array(ServicePort),
  conflict: ServiceConflict.nullable(),
  sources: z.array(ServiceSource),
});
export type ImportedService = z.infer<typeof ImportedService>;

/** A question that a host's agent asks of its own overlay address, again and again. */
export const HealthCheck = z.object({
  id: z.string().max(40),
  kind: z.enum(['tcp', 'http']),
  port: Port,
  /** Of an HTTP GET; answers below 400 are good. */
  path: z.string().max(300),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

export const ServicesChange = z.discriminatedUnion('set', [
  /** Replaces what was known but for the endpoints of sources that stay. */
  z.object({ set: z.literal('service'), value: ImportedService }),
  z.object({ set: z.literal('endpoints'), cluster: Label, change: EndpointChange }),
  /** There is no such service, now or any more. */
  z.object({ set: z.literal('none'), key: ServiceKey }),
]);
export type ServicesChange = z.infer<typeof ServicesChange>;

/**
 * News of services for one agent, in the order of `serial` from 1 on each connection; the first begins with nothing
 * known. `nonce` is that of the agent's hello, so that what was recorded once says nothing another time.
 */
export const ServicesNews = z.object({
  networkId: z.string(),
  peerId: z.string(),
  nonce: z.string(),
  serial: z.int().min(1),
  changes: z.array(ServicesChange),
  /** The number of `services-follow` frames that all has been said for. Null while more is to come. */
  upTo: z.int().min(0).nullable(),
  /**
   * The agent's cluster is a Kubernetes cluster of the network: agents that may ask its API server speak for its services.
   * Kubernetes that merely runs on a plain host is left alone.
   */
  kubernetes: z.boolean(),
  /** All checks of this host, where they are others than before. */
  checks: z.array(HealthCheck).max(MOST_CHECKS).optional(),
});
export type ServicesNews = z.infer<typeof ServicesNews>;

/** `payload` is the JSON text of `ServicesNews`, signed by the network's map key. */
export const SignedServices = z.object({ payload: z.string(), signature: z.string() });
export type SignedServices = z.infer<typeof SignedServices>;
