/** Services that answer across clusters, as the REST API speaks of them. */
import { z } from 'zod';
import { DnsLabel, ServiceConflict, ServicePort, ServiceType } from '../agent/service.ts';
import { Label, Labels, Port } from '../primitive.ts';

export const MOST_SERVICES_OF_A_NETWORK = 200;

/** How the agents of the service's hosts find out whether it answers; a host that fails it is asked by nobody. */
export const ServiceCheck = z.object({
  kind: z.enum(['tcp', 'http']),
  port: Port.optional().describe('The first port that the service listens at when left out'),
  path: z
    .string()
    .max(300)
    .regex(/^\/[\x21-\x7e]*$/, 'must begin with a slash')
    .default('/')
    .describe('Of the GET, with `http`. Answers below 400 are good'),
});
export type ServiceCheck = z.infer<typeof ServiceCheck>;

const HostServicePort = z.object({
  name: z.union([z.literal(''), DnsLabel]).default(''),
  protocol: z.enum(['TCP', 'UDP']).default('TCP'),
  port: Port,
  targetPort: Port.optional().describe('Where the hosts listen; `port` when left out'),
});

export const NewService = z
  .object({
    namespace: DnsLabel,
    name: DnsLabel,
    ports: z.array(HostServicePort).min(1).max(20),
    peerId: z.string().max(60).optional().describe('The one host that serves it'),
    labels: Labels.optional().describe('Or all peers with these labels, of their own or of their cluster'),
    check: ServiceCheck.nullable().default(null),
  })
  .superRefine(({ ports, peerId, labels, check }, context) => {
    const wrong = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if ((peerId === undefined) === (labels === undefined)) wrong(['peerId'], 'say either one peer or labels');
    if (labels && Object.keys(labels).length === 0) wrong(['labels'], 'must name at least one label');
    for (const [index, one] of ports.entries()) {
      if (ports.length > 1 && one.name === '')
        wrong(['ports', index, 'name'], 'is needed with several ports');
      for (const other of ports.slice(0, index)) {
        if (other.name === one.name) wrong(['ports', index, 'name'], 'is another port’s already');
        if (other.port === one.port && other.protocol === one.protocol)
          wrong(['ports', index, 'port'], 'is there already');
      }
    }
    if (check && check.port === undefined && !ports.some(({ protocol }) => protocol === 'TCP'))
      wrong(['check', 'port'], 'is needed where the service has no TCP port');
  });
export type NewService = z.infer<typeof NewService>;

/** A service of plain hosts, as it was declared. */
export const HostService = z.object({
  id: z.string(),
  networkId: z.string(),
  namespace: DnsLabel,
  name: DnsLabel,
  ports: z.array(HostServicePort.required({ targetPort: true })),
  peerId: z.string().nullable(),
  labels: Labels.nullable(),
  check: ServiceCheck.required({ port: true }).nullable(),
  createdAt: z.iso.datetime(),
});
export type HostService = z.infer<typeof HostService>;

/** One cluster that exports a service. */
const Source = z.object({
  clusterId: z.string(),
  cluster: Label,
  kind: z.enum(['kubernetes', 'hosts']),
  serviceId: z.string().nullable().describe('The service of plain hosts that it comes from'),
  exportedAt: z.iso.datetime(),
  gone: z.boolean().describe('Nobody of the cluster has been heard of for a while'),
  ready: z.int().min(0),
  endpoints: z
    .array(
      z.object({
        address: z.string(),
        ready: z.boolean(),
        name: z.string().nullable(),
        problem: z.string().nullable(),
      }),
    )
    .describe('The first hundred'),
  total: z.int().min(0),
});

export const Service = z.object({
  namespace: DnsLabel,
  name: DnsLabel,
  host: z.string().describe('The name that it is asked for by'),
  type: ServiceType,
  ports: z.array(ServicePort),
  conflict: ServiceConflict.nullable().describe('Why its exports do not agree, and which decides'),
  sources: z.array(Source),
  answers: z
    .array(z.object({ clusterId: z.string(), cluster: Label, from: z.array(Label) }))
    .describe('For each cluster of the network, from which clusters it is answered now'),
});
export type Service = z.infer<typeof Service>;
