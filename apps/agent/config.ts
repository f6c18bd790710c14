/** Where things lie on a node, and the little that the environment says. The only reader of `process.env`. */
import { MAX_PLANES } from '@skein/contract/agent/map.ts';
import { z } from 'zod';
import { AgentFailure } from './failure.ts';

export const VERSION = '0.1.0';
/** The overlay interface of a plane. */
export const interfaceOf = (plane: number): string => `skein${plane}`;
/** Plane 0, which every agent has. */
export const INTERFACE = interfaceOf(0);
/** Every interface that may be ours, whatever the map says now. */
export const INTERFACES: readonly string[] = Array.from({ length: MAX_PLANES }, (_, plane) =>
  interfaceOf(plane),
);
/** Holds keys, enrolment, cached map and the saved resolv.conf. */
export const STATE_DIRECTORY = '/var/lib/skein';
export const RUN_DIRECTORY = '/run/skein';
/** Where the node's own programs ask for names. A loopback address of ours, so that no other resolver is in the way. */
export const LOOPBACK_RESOLVER = '127.0.80.53';
/** UDP port on the overlay address at which agents answer each other's probes; clear of the planes' own ports. */
export const PROBE_PORT = 51880;
/** UDP port on the overlay address for padded probes, which find what size of packet a path carries. */
export const PATH_PORT = 51881;
/** UDP port on the overlay address at which the two agents of a pair agree on keys. */
export const PAIR_PORT = 51882;
export const PROBE_EVERY_SECONDS = 10;
export const REPORT_EVERY_SECONDS = 10;

const Environment = z.object({
  /** The join token, given this way (or by stdin) because a process list shows arguments. */
  SKEIN_JOIN_TOKEN: z.string().min(1).optional(),
  SKEIN_COORDINATOR_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** In a pod: the node it runs on, and where the cluster's API server is (Kubernetes sets these two itself). */
  SKEIN_NODE_NAME: z.string().min(1).max(253).optional(),
  KUBERNETES_SERVICE_HOST: z.string().min(1).optional(),
  KUBERNETES_SERVICE_PORT: z.coerce.number().int().min(1).max(65535).optional(),
});

/** Reads the environment. Throws `config-invalid` naming every problem at once. */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env) {
  const parsed = Environment.safeParse(source);
  if (parsed.success) {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = 443 } = parsed.data;
    return {
      joinToken: parsed.data.SKEIN_JOIN_TOKEN,
      coordinatorUrl: parsed.data.SKEIN_COORDINATOR_URL,
      nodeName: parsed.data.SKEIN_NODE_NAME,
      apiServer:
        host === undefined ? undefined : `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    };
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new AgentFailure('config-invalid', problems.join('; '));
}
