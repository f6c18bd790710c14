/** Ranges behind clusters, as the REST API speaks of them: what runs no agent and is reached all the same. */
import { z } from 'zod';
import { Cidr, Ipv4, Label, RangeReplies } from '../primitive.ts';

export const MOST_RANGES_OF_A_CLUSTER = 64;
/** The widest range: sixteen of these fill what translated addresses come from. */
export const WIDEST_RANGE = 12;

/** A host of a range that has a name: `NAME.CLUSTER.ZONE`. */
export const RangeHost = z.object({ name: Label, address: Ipv4.describe('As it is inside') });
export type RangeHost = z.infer<typeof RangeHost>;

export const NewRange = z.object({
  name: Label,
  cidr: Cidr.describe('As it is inside, /12 to /32. Any number of clusters may have the same'),
  peerId: z
    .string()
    .max(60)
    .nullable()
    .default(null)
    .describe('The one peer that carries it, as a node its pods; all gateways of the cluster when left out'),
  replies: RangeReplies.optional().describe(
    '`masqueraded`: hosts answer the carrier and need know nothing. `routed`: they route 242.0.0.0/8 and the network’s range to the carrier, see who asks, and may ask themselves. Left out: `routed` where a peer carries it, else `masqueraded`',
  ),
  hosts: z.array(RangeHost).max(256).default([]),
});
export type NewRange = z.infer<typeof NewRange>;

/** What Docker lets a network be called. */
export const DockerName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/, 'must be the name of a Docker network');

/** A Docker network of a plain host, reached by the network like any range. */
export const NewDockerNetwork = z
  .object({
    peerId: z.string().max(60).describe('The peer whose Docker it is'),
    name: Label.describe('What policies call it: `range:NAME.CLUSTER`'),
    network: DockerName.optional().describe('Its name in Docker; `name` when left out'),
    cidr: Cidr.optional().describe(
      'The subnet of a network that Docker has already, which stays as it is and is translated. Left out: Skein gives the range out and the agent makes the network, with the same addresses inside and outside',
    ),
    prefixLength: z.int().min(16).max(28).optional().describe('Of a network that is made; 24 when left out'),
  })
  .refine((wish) => wish.cidr === undefined || wish.prefixLength === undefined, {
    path: ['prefixLength'],
    message: 'is for a network that is made: one that is there has its own',
  });
export type NewDockerNetwork = z.infer<typeof NewDockerNetwork>;

export const ClusterRange = z.object({
  id: z.string(),
  networkId: z.string(),
  clusterId: z.string(),
  peerId: z.string().nullable().describe('Null where all gateways of the cluster carry it'),
  name: Label,
  cidr: Cidr,
  overlayCidr: Cidr.describe('The same hosts as the rest of the network knows them'),
  replies: RangeReplies,
  docker: z
    .string()
    .nullable()
    .describe(
      'The Docker network of the peer’s host that it is; then `hosts` are its containers that run, `NAME.PEER.CLUSTER.ZONE`',
    ),
  hosts: z.array(RangeHost.extend({ overlayAddress: Ipv4 })),
  createdAt: z.iso.datetime(),
});
export type ClusterRange = z.infer<typeof ClusterRange>;
