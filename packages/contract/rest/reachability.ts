/** Reachability: whether one peer reaches another, or what is behind a cluster, worked out from all that Skein knows, without sending a packet. */
import { z } from 'zod';
import { PolicyProtocol, Port } from '../primitive.ts';
import { Policy } from './policy.ts';

const Place = z
  .string()
  .regex(
    /^(rng_[0-9a-z]{20}|peer_[0-9a-z]{20}(\/pods)?)$/,
    'must be an id such as peer_… or rng_…, or peer_…/pods',
  )
  .describe(
    'A peer, a range behind a cluster (whatever host of it), or `peer_…/pods`: a pod of that peer’s node',
  );

export const ReachabilityQuestion = z
  .object({
    from: Place,
    to: Place,
    protocol: PolicyProtocol.exclude(['any']),
    port: Port.optional(),
    whatIf: z
      .object({
        lost: z
          .array(z.string().min(1).max(100))
          .max(100)
          .default([])
          .describe('Peers and clusters by id, clouds by provider: `aws`, `gcp`, `azure`'),
        policy: Policy.optional(),
      })
      .optional(),
  })
  .refine((asked) => (asked.protocol === 'icmp') === (asked.port === undefined), {
    path: ['port'],
    message: 'is needed with tcp and udp, and means nothing with icmp',
  });
export type ReachabilityQuestion = z.infer<typeof ReachabilityQuestion>;

const Hop = z.object({
  peerId: z.string(),
  name: z
    .string()
    .describe(
      '`NAME.CLUSTER`; for a range that nobody carries `range:NAME.CLUSTER`, for pods of a node that is lost `pods of NAME.CLUSTER`',
    ),
});

export const Reachability = z.object({
  verdict: z.enum(['reached', 'blocked']),
  partly: z
    .boolean()
    .describe('Blocked for some flows only: gateways share the flows, and not all of them have a way'),
  hops: z.array(Hop).describe('The peers on the way, as far as it goes'),
  decidedBy: z.object({
    hop: Hop,
    layer: z.enum(['policy', 'route', 'tunnel', 'security-group', 'nat', 'no-such-peer']),
    words: z.string(),
  }),
});
export type Reachability = z.infer<typeof Reachability>;
