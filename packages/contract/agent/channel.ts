/**
 * What an agent and the coordinator say to each other: enrolment over HTTPS, then one WebSocket.
 * Every frame is one JSON text of at most `MAX_FRAME_BYTES`.
 */
import { z } from 'zod';
import { Ipv4, Label, PublicKey } from '../primitive.ts';
import { KubernetesFacts, KubernetesQuestion, KubernetesReply } from './kubernetes.ts';
import { Endpoint, SignedMap, SignedRemoval } from './map.ts';
import { PathAnswer, PathQuestion } from './path.ts';
import { ExportsFrame, FollowFrame, HealthFrame, SignedServices } from './service.ts';

export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
export const ENROL_PATH = '/agent/v1/enrol';
export const CHANNEL_PATH = '/agent/v1/channel';
/** Silence after which either side takes the channel for dead; pings go every third of it. */
export const CHANNEL_TIMEOUT_SECONDS = 45;
export const PATH_TEST_SECONDS = 6;

/** What the agent found out about its node. */
export const Facts = z.object({
  hostname: z.string().max(253),
  os: z.string().max(100),
  kernel: z.string().max(100),
  architecture: z.enum(['x64', 'arm64']),
  agentVersion: z.string().max(40),
  wireguard: z.enum(['kernel', 'userspace']),
  privateAddress: Ipv4.nullable(),
  /**
   * The NAT before the node, as those see it whom it calls: `dependent` gives out another port for each of them, so no
   * two such nodes reach each other but by a relay. Left out by a node that has called nobody yet.
   */
  nat: z.enum(['none', 'independent', 'dependent', 'unknown']).optional(),
  /** Whether the node is reached by the overlay's IPv6; left out until it has applied a map. */
  ipv6: z.boolean().optional(),
  /** Left out where the node is of no Kubernetes cluster, as far as is known. */
  kubernetes: KubernetesFacts.optional(),
});
export type Facts = z.infer<typeof Facts>;

/** `proof` is Ed25519 (base64) by the identity key over `SIGNATURE_CONTEXT.enrol + token + '\n' + wireguardKey`. */
export const EnrolRequest = z.object({
  token: z.string().max(200),
  identityKey: PublicKey,
  wireguardKey: PublicKey,
  proof: z.string(),
  /** Wished name; the token's own peer name wins, and a taken name gets a number behind it. */
  name: Label.optional(),
  facts: Facts,
});
export type EnrolRequest = z.infer<typeof EnrolRequest>;

export const EnrolAnswer = z.object({
  peerId: z.string(),
  networkId: z.string(),
  name: Label,
  /** The Ed25519 key that signs this network's maps. */
  mapKey: PublicKey,
});
export type EnrolAnswer = z.infer<typeof EnrolAnswer>;

/** Why an enrolment was refused; the HTTP status is 400, 401, 409, 410 or 429. */
export const EnrolRefusal = z.object({
  code: z.enum([
    'invalid',
    'token-unknown',
    'token-expired',
    'token-used',
    'token-revoked',
    'proof-wrong',
    'busy',
  ]),
  message: z.string(),
});
export type EnrolRefusal = z.infer<typeof EnrolRefusal>;

/** How one tunnel is doing, as this agent sees it. */
export const LinkReport = z.object({
  peerId: z.string(),
  /** `up`: a handshake in the last 180 s or a probe answered; `idle`: never tried; `down`: tried in vain. */
  state: z.enum(['up', 'idle', 'down']),
  endpoint: z.string().nullable(),
  lastHandshakeAt: z.iso.datetime().nullable(),
  rttMilliseconds: z.number().nullable(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
});
export type LinkReport = z.infer<typeof LinkReport>;

/** A container in a Docker network, by the name that DNS has for it. */
export const Container = z.object({ network: z.string().max(100), name: Label, address: Ipv4 });
export type Container = z.infer<typeof Container>;

export const FromAgent = z.discriminatedUnion('type', [
  /**
   * Answers a challenge. `signature` is Ed25519 by the identity key over
   * `SIGNATURE_CONTEXT.hello + nonce + '\n' + peerId`. `have` is the number and digest of the map held, if any.
   * `nonce` is the agent's own, which a removal must name.
   */
  z.object({
    type: z.literal('hello'),
    peerId: z.string(),
    signature: z.string(),
    nonce: z.string().max(100),
    have: z.object({ number: z.int32(), digest: z.string() }).nullable(),
  }),
  z.object({
    type: z.literal('report'),
    facts: Facts,
    endpoints: z.array(Endpoint).max(16),
    appliedNumber: z.int32().nullable(),
    /** Why the last map could not be applied, or null. */
    problem: z.string().max(2000).nullable(),
    /** Whether any UDP from outside its own network reaches this node. Left out while that is not known. */
    udp: z.enum(['open', 'blocked']).optional(),
    /** SHA-256 of the key of the certificate that this agent shows as a relay (SPKI, DER), base64. */
    relayPin: PublicKey.optional(),
    /** Containers that run in the Docker networks of the map. Left out where it has none, or Docker does not answer. */
    containers: z.array(Container).max(1024).optional(),
    links: z.array(LinkReport).max(2000),
  }),
  /**
   * The WireGuard keys of this agent: the one in use and the one it will change to. `proof` is Ed25519 by the identity
   * key over `SIGNATURE_CONTEXT.keys + ` the challenge's nonce, peer id, serial and both keys, a line each. `serial`
   * grows with each such frame of a channel, so that none counts twice.
   */
  z.object({
    type: z.literal('keys'),
    serial: z.int().min(1),
    wireguardKey: PublicKey,
    nextWireguardKey: PublicKey.nullable(),
    proof: z.string(),
  }),
  /** The delta did not fit the map held: send a whole map. */
  z.object({ type: z.literal('resync'), reason: z.string().max(500) }),
  /** The node leaves the network; the coordinator removes the peer and closes. */
  z.object({ type: z.literal('leave') }),
  /** Answers `path-test` of the same id. */
  z.object({ type: z.literal('path-answer'), id: z.string().max(100), answer: PathAnswer }),
  ExportsFrame,
  FollowFrame,
  HealthFrame,
  /** Answers `kubernetes-request` of the same id. */
  z.object({ type: z.literal('kubernetes-answer'), id: z.string().max(100), reply: KubernetesReply }),
]);
export type FromAgent = z.infer<typeof FromAgent>;

export const ToAgent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('challenge'), nonce: z.string(), time: z.iso.datetime() }),
  z.object({ type: z.literal('map'), signed: SignedMap }),
  /** The peer was removed: take everything down and delete the keys. */
  z.object({ type: z.literal('removed'), signed: SignedRemoval }),
  /** Try a path and say what became of the packets, within `PATH_TEST_SECONDS`. */
  z.object({ type: z.literal('path-test'), question: PathQuestion }),
  /** Services that the agent follows; comes only to those that have sent `services-follow`. */
  z.object({ type: z.literal('services'), signed: SignedServices }),
  /** Changes of exports came that follow no listing of this agent: it lists all again, if it still reports. */
  z.object({ type: z.literal('exports-unknown'), session: z.string() }),
  /** Something to ask of the node's Kubernetes cluster, within `KUBERNETES_ANSWER_SECONDS`. */
  z.object({ type: z.literal('kubernetes-request'), id: z.string().max(100), question: KubernetesQuestion }),
]);
export type ToAgent = z.infer<typeof ToAgent>;

/** WebSocket close codes of ours (RFC 6455, private range). */
export const CLOSE = {
  badFrame: 4400,
  notAuthentic: 4401,
  removed: 4410,
  replaced: 4409,
  tooSlow: 4429,
} as const;
