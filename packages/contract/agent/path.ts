/** What the coordinator asks agents about the way between two peers, and what they answer. */
import { z } from 'zod';
import { Ipv4, Port } from '../primitive.ts';

/** Asks one agent about its way to an overlay address. */
export const PathQuestion = z.object({
  id: z.string().max(100),
  address: Ipv4,
  /** Also tries to open a TCP connection to this port of the address. */
  port: Port.nullable(),
  /** Also follows the packets hop by hop; else only the agent's own tunnels towards the address are measured. */
  trace: z.boolean(),
});
export type PathQuestion = z.infer<typeof PathQuestion>;

/** One tunnel, probed at this moment by the agent that holds it. */
export const TunnelMeasure = z.object({
  peerId: z.string().max(100),
  endpoint: z.string().max(50).nullable(),
  /** `private`, `public`, `observed`, `relayed`, or `roamed` where the map does not name the endpoint. */
  endpointKind: z.string().max(20).nullable(),
  handshakeAgeSeconds: z.number().min(0).nullable(),
  probes: z.int().min(0),
  answered: z.int().min(0),
  rttMilliseconds: z.number().min(0).nullable(),
  /** The largest packet in use towards the peer. */
  mtu: z.int().min(0),
});
export type TunnelMeasure = z.infer<typeof TunnelMeasure>;

export const HopMeasure = z.object({
  address: Ipv4,
  sent: z.int().min(0),
  answered: z.int().min(0),
  rttMilliseconds: z.number().min(0).nullable(),
});
export type HopMeasure = z.infer<typeof HopMeasure>;

export const PathAnswer = z.object({
  /** From the first hop to the address; null where nobody asked, or the node has no `ping`. */
  hops: z.array(HopMeasure).max(20).nullable(),
  /** The agent's tunnels to those who carry the address. */
  tunnels: z.array(TunnelMeasure).max(8),
  /** Whether the port opened, and in words why not; null where nobody asked. */
  port: z.object({ open: z.boolean(), words: z.string().max(300) }).nullable(),
});
export type PathAnswer = z.infer<typeof PathAnswer>;
