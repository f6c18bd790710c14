/** What the doctor looks at before it says anything. Gathering is apart from judging: judging is pure. */
import { PeerRole } from '@skein/contract/primitive.ts';
import { z } from 'zod';

/** One tunnel, measured by the daemon at this moment. */
export const PeerMeasure = z.object({
  peerId: z.string(),
  name: z.string(),
  role: PeerRole,
  clusterId: z.string(),
  overlayAddress: z.string(),
  plane: z.number(),
  /** Where the map says that the peer may be reached, best first: `kind address:port`. */
  offered: z.array(z.object({ kind: z.string(), endpoint: z.string() })),
  /** Where it is called at present, and of which kind that is. */
  endpoint: z.string().nullable(),
  endpointKind: z.string().nullable(),
  handshakeAgeSeconds: z.number().nullable(),
  /** Small probes over the tunnel just now. */
  probes: z.number(),
  answered: z.number(),
  rttMilliseconds: z.number().nullable(),
  /** Sealed bytes that came from the peer, and went to it, while it was probed. */
  receivedBytes: z.number(),
  sentBytes: z.number(),
  /** The largest packet in use, and what this node's own side would allow. */
  mtu: z.number(),
  mtuCeiling: z.number(),
  /** Where the peer sees this node's packets come from. */
  seenAs: z.string().nullable(),
});
export type PeerMeasure = z.infer<typeof PeerMeasure>;

/** What the daemon answers the doctor. */
export const Measured = z.object({
  peers: z.array(PeerMeasure),
  /** Peers of the map in all; `peers` may be fewer. */
  known: z.number(),
});
export type Measured = z.infer<typeof Measured>;

/** How far a connection to the coordinator gets. */
export interface CoordinatorFacts {
  url: string;
  /** Addresses of its name, or why there are none. */
  name: { ok: true; addresses: string[] } | { ok: false; words: string };
  /** Null where the step before failed. */
  tcp: { ok: true; milliseconds: number } | { ok: false; words: string } | null;
  /** Null where the step before failed, or where the URL asks for none. */
  tls: { ok: true } | { ok: false; words: string } | null;
  /** Seconds by which the coordinator's clock is ahead of this node's; null where it did not tell. */
  aheadSeconds: number | null;
}

/** A packet's course to one address of the overlay. */
export interface HopFacts {
  address: string;
  name: string | null;
  sent: number;
  answered: number;
  rttMilliseconds: number | null;
}
export interface TraceFacts {
  target: string;
  address: string;
  /** Null where `ping` is missing. */
  hops: HopFacts[] | null;
}

export interface NodeFacts {
  /** Interfaces that the map asks for and that are not there, or are down. */
  interfacesGone: string[];
  /** WireGuard answers on every interface. */
  wireguardAnswers: boolean;
  /** Null where nft cannot be asked. */
  filterInPlace: boolean | null;
  /** Overlay addresses whose packets would leave beside the tunnels, and by which interface (null: no route). */
  astray: { address: string; device: string | null }[];
  /** Interfaces of a forwarding node on which forwarding is off: ours, and those towards ranges that it carries. */
  forwardingOff: string[];
  /** Whether the node's own programs ask the agent, and whether it answers its own name. */
  resolverNamed: boolean;
  ownNameAnswered: boolean;
  /** Own underlay addresses. */
  addresses: string[];
}

export interface DoctorFacts {
  enrolled: boolean;
  /** Null where no daemon answers. */
  daemon: {
    connected: boolean;
    heldNumber: number | null;
    appliedNumber: number | null;
    problem: string | null;
    udp: 'unknown' | 'open' | 'blocked';
    /** Relays by which packets go over TLS, as `address:port`, and the names of the peers that they go to. */
    overTls: { relay: string; peers: string[] }[];
  } | null;
  coordinator: CoordinatorFacts | null;
  /** Null where there is no map to compare with. */
  node: NodeFacts | null;
  /** Null where no daemon measured. */
  measured: Measured | null;
  wireguardPort: number;
  trace: TraceFacts | null;
}
