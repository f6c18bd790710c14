/**
 * The network map: everything one agent must know, and the change from one number to the next.
 * Numbers are the network's revision numbers; an agent that a revision does not touch never sees its number.
 */
import { z } from 'zod';
import {
  Cidr,
  Ipv4,
  Ipv6,
  Label,
  PeerRole,
  PolicyAction,
  PolicyProtocol,
  Port,
  PublicKey,
  RangeReplies,
  Topology,
  ZoneName,
} from '../primitive.ts';

/** Where a relay lets in a peer that no UDP gets out of. */
export const TlsDoor = z.object({
  /** TCP. */
  port: Port,
  /** SHA-256 of the public key of the relay's certificate (SPKI, DER), base64. */
  pin: PublicKey,
  /** The relay's. */
  wireguardKey: PublicKey,
});
export type TlsDoor = z.infer<typeof TlsDoor>;

/**
/**
 * An underlay address at which a peer may be reached. `global`: one of IPv6 on the peer's own card, without any NAT, which
 * all the others are not; `observed`: where others see the peer's own packets come from; `relayed`: a relay's, which
 * passes on to this peer what the other peer of the pair sends there; `tls`: the same within TLS, where `port` is the
 * channel's number and `tls` says how the relay is reached. Without that, the way ends at this very agent, which is the
 * relay and one of the two.
 */
export const Endpoint = z
  .object({
    kind: z.enum(['private', 'global', 'public', 'observed', 'relayed', 'tls']),
    /** IPv6 as RFC 5952 writes it, so that equal addresses are equal texts. */
    address: z.union([Ipv4, Ipv6]),
    port: Port,
    tls: TlsDoor.optional(),
  })
  .refine(
    ({ kind, address }) => (kind === 'global') === address.includes(':'),
    'must be global where it is IPv6',
  );
export type Endpoint = z.infer<typeof Endpoint>;

/**
 * Overlay interfaces that an agent may hold. WireGuard lets one peer of an interface carry a prefix; with several
 * gateways of a cluster, each on an interface of its own, traffic may go and come by any of them.
 */
export const MAX_PLANES = 4;

/**
 * Another peer to which this agent holds a tunnel. `endpoints` come best first, each with the very port to call: a peer
 * of rank r is called at the port of its plane that is for us, `wireguardPort` + our own rank.
 */
export const MapPeer = z.object({
  /** The interface that holds the peer: its rank, which is 0 for members and counts the gateways of its cluster. */
  plane: z
    .int()
    .min(0)
    .max(MAX_PLANES - 1),
  id: z.string(),
  name: Label,
  clusterId: z.string(),
  role: PeerRole,
  wireguardKey: PublicKey,
  /** The key that the peer is about to change to; a session under it is taken as the peer's own. */
  nextWireguardKey: PublicKey.nullable(),
  overlayAddress: Ipv4,
  endpoints: z.array(Endpoint),
  allowedIps: z.array(Cidr),
  /** 0 switches keepalive off. */
  keepaliveSeconds: z.int().min(0),
});
export type MapPeer = z.infer<typeof MapPeer>;

/**
 * A name of the agent's own cluster with both its answers: `inside` for the cluster, `outside` for everyone else. Its IPv6
 * addresses follow from these, but where `ipv4Only` says that whoever bears it, or a gateway on the way, speaks none.
 */
export const MapName = z.object({
  name: z.string(),
  inside: z.array(Ipv4),
  outside: z.array(Ipv4),
  ipv4Only: z.literal(true).optional(),
});
export type MapName = z.infer<typeof MapName>;

/** Where names below `zone` are asked: the overlay addresses of agents that know them, nearest first. */
export const MapDelegation = z.object({ zone: z.string(), servers: z.array(Ipv4) });
export type MapDelegation = z.infer<typeof MapDelegation>;

/** Addresses that rules speak of: apart from each other, in order, as few ranges as can be. */
export const MapAddressSet = z.object({ id: z.string(), cidrs: z.array(Cidr) });
export type MapAddressSet = z.infer<typeof MapAddressSet>;

/** One rule of the network's policy. `from` and `to` are ids of address sets; `to` is null for this agent's own address. */
export const MapRule = z.object({
  action: PolicyAction,
  from: z.string(),
  to: z.string().nullable(),
  protocol: PolicyProtocol,
  /** First and last of each run of ports, in order and apart; all ports where there are none. */
  ports: z.array(z.tuple([Port, Port])),
});
export type MapRule = z.infer<typeof MapRule>;

/**
 * How a relay hears one end of a pair: over TLS, who says that it is this peer and has one of these WireGuard keys; by
 * UDP; or the relay is that end itself.
 */
export const RelayedEnd = z.discriminatedUnion('by', [
  z.object({ by: z.literal('tls'), peerId: z.string(), keys: z.array(PublicKey) }),
  z.object({ by: z.literal('udp') }),
  z.object({ by: z.literal('self') }),
]);
export type RelayedEnd = z.infer<typeof RelayedEnd>;

/**
 * A pair of peers for whom this agent is the relay. What the first sends to `port` goes to the second as from
 * `port` + 1, and the other way round; from any other address nothing passes.
 */
export const MapAllocation = z.object({
  id: z.string(),
  /** Even. */
  port: Port,
  /** Of the first peer and of the second: the addresses they may send from, sorted. None for those not heard by UDP. */
  addresses: z.tuple([z.array(Ipv4), z.array(Ipv4)]),
  /** Where one of the two comes over TLS, or both: the port for that, and how each of the two is heard. */
  tls: z.object({ port: Port, ends: z.tuple([RelayedEnd, RelayedEnd]) }).optional(),
  /** Most that each of the two may send. */
  kilobytesPerSecond: z.int().min(1),
  until: z.iso.datetime(),
});
export type MapAllocation = z.infer<typeof MapAllocation>;

/**
 * A range behind this agent, which carries it: `cidr` as its hosts have it, `overlayCidr`, of the same size, as the
 * network knows it. Host n of the one is host n of the other. Where both are the same nothing is translated.
 */
export const MapRange = z.object({
  cidr: Cidr,
  overlayCidr: Cidr,
  replies: RangeReplies,
  /** Nobody else carries it, now or when this agent is away: all packets of a flow come by here. */
  alone: z.boolean(),
  /** The Docker network of this node that it is. Where `cidr` and `overlayCidr` are the same the agent makes it. */
  docker: z.string().optional(),
});
export type MapRange = z.infer<typeof MapRange>;

/** Pod ranges of the network's clusters, which are carried as they are: every pod has one address everywhere. */
export const MapPods = z.object({
  /** Of this very node. */
  own: z.array(Cidr),
  /** Of the whole own cluster, within which its CNI carries them; null where it has no pods. */
  cluster: Cidr.nullable(),
  /** Of the other clusters, in order. */
  elsewhere: z.array(Cidr),
});
export type MapPods = z.infer<typeof MapPods>;

/** What holds for the whole network and for this agent in it. */
export const MapSelf = z.object({
  name: Label,
  clusterId: z.string(),
  clusterName: Label,
  role: PeerRole,
  /** Interfaces to hold, `skein0` upwards; plane p listens on `wireguardPort` + p. */
  planes: z.int().min(1).max(MAX_PLANES),
  /** Passes on what peers send to others. */
  forwards: z.boolean(),
  /** The keys under which the others know this agent: the one in use, and the one it announced. */
  wireguardKey: PublicKey,
  nextWireguardKey: PublicKey.nullable(),
  /** A key that the network wants replaced: whoever still uses it makes a new one. */
  retiredKey: PublicKey.nullable(),
  overlayAddress: Ipv4,
  overlayCidr: Cidr,
  clusterOverlayCidr: Cidr,
  clusterVpcCidr: Cidr.nullable(),
  /** Those that this agent carries, by `overlayCidr`. */
  ranges: z.array(MapRange),
  /** Those behind the whole cluster, as the network knows them, in order. */
  clusterRanges: z.array(Cidr),
  /** Where translated addresses lie; null where no cluster has a range. */
  rangesCidr: Cidr.nullable(),
  pods: MapPods,
  wireguardPort: Port,
  mtu: z.int().min(1280).max(9000),
  topology: Topology,
  zone: ZoneName,
  /** What others may begin here: the first rule that matches decides. Answers are free, and cut with what they answer. */
  rules: z.array(MapRule),
  /**
   * On a gateway: what may pass between its cluster and others, whoever of both began it. On whoever carries a range:
   * the same for what is behind it.
   */
  passing: z.array(MapRule),
  /** What holds where no rule matches. */
  defaults: z.object({ withinCluster: PolicyAction, elsewhere: PolicyAction }),
});
export type MapSelf = z.infer<typeof MapSelf>;

/**
 * Counts the lives of the network's database. Numbers never go back within an epoch; a newer one, said in a whole map,
 * begins them anew, as after a restore from a backup.
 */
export const Epoch = z.int().min(0);

export const NetworkMap = z.object({
  networkId: z.string(),
  peerId: z.string(),
  epoch: Epoch,
  number: z.int().min(0),
  self: MapSelf,
  /** Sorted by `id`, as `names` by `name` and `delegations` by `zone`: equal maps are equal texts. */
  peers: z.array(MapPeer),
  names: z.array(MapName),
  delegations: z.array(MapDelegation),
  /** Those that the rules speak of, sorted by `id`. */
  addressSets: z.array(MapAddressSet),
  /** Sorted by `id`; none on a peer that is no relay. */
  allocations: z.array(MapAllocation),
});
export type NetworkMap = z.infer<typeof NetworkMap>;

/** One change. What no change names stays as it was; removal is always said. */
export const MapChange = z.discriminatedUnion('set', [
  z.object({ set: z.literal('self'), value: MapSelf }),
  z.object({ set: z.literal('peer'), value: MapPeer }),
  z.object({ set: z.literal('name'), value: MapName }),
  z.object({ set: z.literal('delegation'), value: MapDelegation }),
  z.object({ set: z.literal('address-set'), value: MapAddressSet }),
  z.object({ set: z.literal('allocation'), value: MapAllocation }),
  z.object({ set: z.literal('peer-removed'), id: z.string() }),
  z.object({ set: z.literal('name-removed'), name: z.string() }),
  z.object({ set: z.literal('delegation-removed'), zone: z.string() }),
  z.object({ set: z.literal('address-set-removed'), id: z.string() }),
  z.object({ set: z.literal('allocation-removed'), id: z.string() }),
]);
export type MapChange = z.infer<typeof MapChange>;

/** From the map numbered `base` to `number` of one epoch. `digest` is that of the map which must result. */
export const MapDelta = z.object({
  networkId: z.string(),
  peerId: z.string(),
  epoch: Epoch,
  base: z.int().min(0),
  number: z.int().min(1),
  changes: z.array(MapChange),
  digest: z.string(),
});
export type MapDelta = z.infer<typeof MapDelta>;

/**
 * A map or delta as it travels: `payload` is JSON text, `signature` Ed25519 (base64) by the network's map key
 * over the bytes of `SIGNATURE_CONTEXT[kind] + payload`.
 */
export const SignedMap = z.object({
  kind: z.enum(['map', 'delta']),
  payload: z.string(),
  signature: z.string(),
});
export type SignedMap = z.infer<typeof SignedMap>;

/**
 * Says that a peer was removed: `payload` is the JSON text of a `Removal`, signed by the network's map key like a map.
 * `nonce` is the one that the agent put into its hello, so that what was recorded once says nothing another time.
 */
export const SignedRemoval = z.object({ payload: z.string().max(2000), signature: z.string() });
export type SignedRemoval = z.infer<typeof SignedRemoval>;
export const Removal = z.object({
  networkId: z.string(),
  peerId: z.string(),
  nonce: z.string(),
  reason: z.string(),
});
export type Removal = z.infer<typeof Removal>;

export const SIGNATURE_CONTEXT = {
  map: 'skein map v1\n',
  delta: 'skein delta v1\n',
  hello: 'skein hello v1\n',
  enrol: 'skein enrol v1\n',
  removed: 'skein removed v1\n',
  keys: 'skein keys v1\n',
  services: 'skein services v1\n',
} as const;
