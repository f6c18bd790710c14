/** A path test: packets sent between two peers now, what became of them at each hop, and one verdict in words. */
import { z } from 'zod';
import { idOf, Port } from '../primitive.ts';

export const NewPathTest = z.object({
  fromPeerId: idOf('peer'),
  toPeerId: idOf('peer'),
  /** A TCP port to be opened at the target; without one only ping is tried. */
  port: Port.optional(),
});
export type NewPathTest = z.infer<typeof NewPathTest>;

/** One tunnel of the way, measured by the peer that sends into it. */
export const PathHop = z.object({
  from: z.string(),
  /** Null where nobody knows who would be next. */
  to: z.string().nullable(),
  /** What the sending end says of the tunnel; null where its agent was not asked or did not answer. */
  tunnel: z
    .object({
      endpoint: z.string().nullable(),
      endpointKind: z.string().nullable(),
      handshakeAgeSeconds: z.number().nullable(),
      lossPercent: z.number(),
      rttMilliseconds: z.number().nullable(),
      mtu: z.number(),
    })
    .nullable(),
  /** Ping from the first peer to the end of this hop; null where it was not tried. */
  ping: z.object({ lossPercent: z.number(), rttMilliseconds: z.number().nullable() }).nullable(),
});
export type PathHop = z.infer<typeof PathHop>;

export const PathTest = z.object({
  from: z.string(),
  to: z.string(),
  hops: z.array(PathHop),
  port: z.object({ number: Port, open: z.boolean(), words: z.string() }).nullable(),
  ok: z.boolean(),
  /** What was found, and what to do where something is wrong. */
  verdict: z.string(),
  remedy: z.string().nullable(),
  milliseconds: z.int(),
});
export type PathTest = z.infer<typeof PathTest>;
