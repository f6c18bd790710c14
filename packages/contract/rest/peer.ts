/** Peers, links and join tokens, as the REST API speaks of them. */
import { z } from 'zod';
import { Endpoint } from '../agent/map.ts';
import { Cidr, Ipv4, Ipv6, Label, Labels, PeerRole, Port, Topology } from '../primitive.ts';

const Time = z.iso.datetime();

/** `expected`: its node is being made; `connected`/`disconnected`: its channel; `removed`: gone from the network. */
export const PeerState = z.enum(['expected', 'connected', 'disconnected', 'removed']);
export const Peer = z.object({
  id: z.string(),
  networkId: z.string(),
  clusterId: z.string(),
  name: Label,
  role: PeerRole,
  state: PeerState,
  /** Made by Skein in a cloud, so that removing the peer ends its instance too. */
  managed: z.boolean(),
  /** Its own; it has those of its cluster too. */
  labels: Labels,
  overlayAddress: Ipv4,
  /** The same peer in the overlay's IPv6; null until its agent said that it speaks it. */
  overlayAddress6: Ipv6.nullable(),
  privateAddress: Ipv4.nullable(),
  publicAddress: Ipv4.nullable(),
  endpoints: z.array(Endpoint),
  /** Passes on what peers send each other that find no way of their own. */
  relays: z.boolean(),
  /** TCP port on which it takes in peers over TLS when it relays. */
  relayTlsPort: Port,
  /** The pod ranges of its node. */
  podCidrs: z.array(Cidr),
  /** No UDP gets out of where it is, so its packets go over TLS by relays. */
  udpBlocked: z.boolean(),
  agentVersion: z.string().nullable(),
  wireguard: z.enum(['kernel', 'userspace']).nullable(),
  wireguardKey: z.string().nullable(),
  /** The network revision that the agent has applied. */
  appliedNumber: z.int().nullable(),
  problem: z.string().nullable(),
  enrolledAt: Time.nullable(),
  lastSeenAt: Time.nullable(),
});
export type Peer = z.infer<typeof Peer>;

export const RelayChoice = z.object({
  relays: z.boolean(),
  /** TCP port for peers that no UDP gets out of; stays as it is where it is left out, and is 443 at first. */
  tlsPort: Port.optional(),
});
export const RoleChoice = z.object({ role: PeerRole });

/** A tunnel as its `from` end sees it. */
export const Link = z.object({
  from: z.string(),
  to: z.string(),
  state: z.enum(['up', 'idle', 'down']),
  rttMilliseconds: z.number().nullable(),
  endpoint: z.string().nullable(),
  /** Of what kind that endpoint is, and what `from` pays its cloud by list price for a GB sent there, where known. */
  way: z.object({ kind: Endpoint.shape.kind, usdPerGb: z.number().nullable() }).nullable(),
  lastHandshakeAt: Time.nullable(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  reportedAt: Time,
});
export type Link = z.infer<typeof Link>;

export const TopologyView = z.object({
  revision: z.int(),
  topology: Topology,
  hubClusterId: z.string().nullable(),
  peers: z.array(Peer),
  links: z.array(Link),
});
export type TopologyView = z.infer<typeof TopologyView>;

export const NewNodes = z.object({ count: z.int().min(1).max(20).default(1) });

export const NewJoinToken = z.object({
  uses: z.int().min(1).max(1000).default(1),
  expiresInSeconds: z
    .int()
    .min(60)
    .max(7 * 86400)
    .default(3600),
});
export const JoinToken = z.object({
  id: z.string(),
  clusterId: z.string(),
  prefix: z.string(),
  usesLeft: z.int(),
  uses: z.int(),
  expiresAt: Time,
  revokedAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  createdAt: Time,
});
export type JoinToken = z.infer<typeof JoinToken>;
/** The only time that the token itself is told. */
export const MintedJoinToken = JoinToken.extend({ token: z.string(), command: z.string() });
export type MintedJoinToken = z.infer<typeof MintedJoinToken>;
