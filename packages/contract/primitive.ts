/**
 * The words every room shares: ids, addresses, names. Imports nothing of ours.
 */
import { z } from 'zod';

/** What each id starts with, so that an id found in a log says what it names. */
export const ID_PREFIX = {
  organization: 'org',
  user: 'usr',
  cloudAccount: 'acc',
  network: 'net',
  cluster: 'clu',
  range: 'rng',
  peer: 'peer',
  joinToken: 'join',
  apiToken: 'tok',
  cloudResource: 'res',
  finding: 'find',
  operation: 'op',
  step: 'step',
  pathQuestion: 'path',
  service: 'svc',
  kubernetesQuestion: 'kubq',
} as const;
export type Entity = keyof typeof ID_PREFIX;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * Makes an id such as `net_4k2m…`: the entity's prefix and 20 characters of Crockford base 32 (100 bits).
 * @param random fills the given bytes; pass `crypto.getRandomValues` in production.
 */
export function newId(entity: Entity, random: (bytes: Uint8Array<ArrayBuffer>) => unknown): string {
  const bytes = new Uint8Array(20);
  random(bytes);
  let text = '';
  for (const byte of bytes) text += ALPHABET[byte & 31];
  return `${ID_PREFIX[entity]}_${text}`;
}

/** Schema of one entity's id. */
export const idOf = (entity: Entity) =>
  z
    .string()
    .regex(new RegExp(`^${ID_PREFIX[entity]}_[0-9a-z]{20}$`), `must be an id such as ${ID_PREFIX[entity]}_…`);

export const Ipv4 = z.ipv4();
export const Ipv6 = z.ipv6();
export const Cidr = z.cidrv4();
/** 32 raw bytes in base64: a WireGuard (X25519) or identity (Ed25519) public key. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64');
export const Port = z.int().min(1).max(65535);

/** One DNS label: what clusters and peers may be called. */
export const Label = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'use 1 to 40 lower-case letters, digits and hyphens, starting with a letter',
  );

/** A DNS zone such as `shop.skein.test`, without the last dot. */
export const ZoneName = z
  .string()
  .max(200)
  .regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a DNS zone such as net.example.com',
  );

export const ProviderId = z.enum(['aws', 'gcp', 'azure']);
export type ProviderId = z.infer<typeof ProviderId>;

/** Name servers that belong to no cloud: they hold public zones and nothing else. */
export const NameServerId = z.enum(['rfc2136', 'powerdns']);
export type NameServerId = z.infer<typeof NameServerId>;

/** What an account can be an account of. */
export const AccountProvider = z.enum([...ProviderId.options, ...NameServerId.options]);
export type AccountProvider = z.infer<typeof AccountProvider>;

/** Whether clusters of one provider talk over their private addresses, VPC to VPC. */
export const Peering = z.enum(['none', 'same-provider']);
export type Peering = z.infer<typeof Peering>;

/** What to do about drift: say so, mend it, or mend it when a person says so. */
export const DriftPolicy = z.enum(['report', 'heal', 'ask']);
export type DriftPolicy = z.infer<typeof DriftPolicy>;

/** The shape of the links between clusters; inside a cluster every peer holds a tunnel to every other. */
export const Topology = z.enum(['hybrid', 'full', 'hub', 'random', 'structured']);
export type Topology = z.infer<typeof Topology>;

export const PeerRole = z.enum(['gateway', 'member']);
export type PeerRole = z.infer<typeof PeerRole>;

/** How hosts behind a carrier answer: to the carrier, which needs nothing of them, or to whoever asks, routed back by it. */
export const RangeReplies = z.enum(['masqueraded', 'routed']);
export type RangeReplies = z.infer<typeof RangeReplies>;

/** A port that the network opens between its clusters, beside ping. */
export const AllowedPort = z.object({ protocol: z.enum(['tcp', 'udp']), port: Port });
export type AllowedPort = z.infer<typeof AllowedPort>;

export const PolicyAction = z.enum(['allow', 'deny']);
export type PolicyAction = z.infer<typeof PolicyAction>;

/** What a rule may speak of; `icmp` is ping. */
export const PolicyProtocol = z.enum(['any', 'tcp', 'udp', 'icmp']);
export type PolicyProtocol = z.infer<typeof PolicyProtocol>;

/** What people put on clusters and peers to speak of them together. A peer has its cluster's labels too. */
export const Labels = z
  .record(
    z.string().regex(/^[a-z]([a-z0-9_-]{0,38}[a-z0-9])?$/, 'use 1 to 40 lower-case letters, digits, - and _'),
    z
      .string()
      .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, 'use 1 to 63 letters, digits, dots, - and _'),
  )
  .refine((labels) => Object.keys(labels).length <= 16, 'must be no more than 16 labels');
export type Labels = z.infer<typeof Labels>;

/** Ports on overlay addresses that are Skein's own, whatever a network's policy says. */
export const OWN_PORTS = { names: 53, probes: [51880, 51881, 51882] };

/**
 * What Skein gives ranges behind clusters addresses from, in every network. No host on the internet has one of these, so
 * they never stand for two things; Submariner's Globalnet takes its own from here too.
 */
export const RANGES_CIDR = '242.0.0.0/8';

/** UDP port that WireGuard listens on unless a network says otherwise. */
export const WIREGUARD_PORT = 51820;
