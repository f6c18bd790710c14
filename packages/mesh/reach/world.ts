/** What is asked of: a network, what lies beneath its peers, and which of them are lost. */

import { callersOf, relayCallers } from '../firewall/callers.ts';
import { clusterRules } from '../firewall/cluster.ts';
import { type ClusterPart, type MeshPeer, peeredWith, type Snapshot } from '../network.ts';
import { workOf } from '../topology/gateways.ts';

export interface World {
  readonly snapshot: Snapshot;
  /** By peer id. */
  readonly standings: ReadonlyMap<string, Standing>;
  /** Ids of peers that are gone without anybody having been told. */
  readonly lost: ReadonlySet<string>;
}

/** Where a peer stands in the underlay. */
export interface Standing {
  /** Its address within its own network. */
  readonly privateAddress: string | null;
  /** The VPC or LAN it is in, and those whose private addresses it reaches beside it. */
  readonly network: string;
  readonly near: readonly string[];
  readonly outside: Outside;
  /** Its IPv6 addresses, by which it calls others and is called; none where it has no way out by IPv6. */
  readonly global: readonly string[];
  /** The UDP that its security group lets in unasked; null where there is none. Answers always come in. */
  readonly letsIn: readonly UdpRule[] | null;
  /** Something between it and the world outside its network lets no UDP through. */
  readonly udpBlocked?: boolean;
}

/**
 * How the world outside sees a peer. `open`: at an address of its own. `nat`: behind one that lets in answers only and
 * shows the port that the peer listens on as `port`, the same to everybody. `changing-nat`: behind one that shows each
 * host that is called another port. The address of a NAT may not be known.
 */
export type Outside =
  | { readonly kind: 'open'; readonly address: string }
  | { readonly kind: 'nat'; readonly address: string | null; readonly port: number | null }
  | { readonly kind: 'changing-nat'; readonly address: string | null };

export interface UdpRule {
  readonly cidrs: readonly string[];
  readonly fromPort: number;
  readonly toPort: number;
}

/** What is to be imagined. Lost may be peers, clusters and, by its provider, all that a network has in a cloud. */
export interface WhatIf {
  readonly lost?: readonly string[] | undefined;
  readonly policy?: Snapshot['network']['policy'] | undefined;
}

/** The world as Skein plans it: security groups with the rules that they should have. */
export function plannedWorld(snapshot: Snapshot): World {
  return { snapshot, standings: plannedStandings(snapshot), lost: new Set() };
}

/** The same world, with something lost or under another policy. Nobody has been told what is lost: maps stay. */
export function imagine({ snapshot, standings, lost }: World, { lost: also = [], policy }: WhatIf): World {
  const gone = [...snapshot.parts.values()].flatMap(({ cluster, peers }) =>
    peers
      .filter(({ id }) => [id, cluster.id, cluster.place?.provider ?? ''].some((one) => also.includes(one)))
      .map(({ id }) => id),
  );
  const { network } = snapshot;
  return {
    snapshot: policy === undefined ? snapshot : { ...snapshot, network: { ...network, policy } },
    standings,
    lost: new Set([...lost, ...gone]),
  };
}

function plannedStandings(snapshot: Snapshot): Map<string, Standing> {
  const { network, parts } = snapshot;
  const calling = [...parts.values()].map((part) => ({
    id: part.cluster.id,
    overlayCidr: part.cluster.overlayCidr,
    peered: peeredWith(snapshot, part).map((other) => other.cluster.id),
    leaving: false,
    peers: part.peers.map((peer) => ({
      id: peer.id,
      role: workOf(part, peer),
      seat: peer.seat ?? null,
      enrolled: true,
      sendsFrom: outsideAddresses(peer),
      privateAddress: peer.privateAddress,
    })),
  }));
  const allocations = [...parts.values()].flatMap((part) =>
    part.peers.flatMap(({ id, relay }) =>
      (relay?.allocations ?? []).map(({ peers, tls: ends }) => ({
        relayId: id,
        peers,
        overTls: ends && relay?.tls ? { ends, port: relay.tls.port } : undefined,
      })),
    ),
  );
  const callers = callersOf(network.cidr, [network], calling, relayCallers(allocations, calling));
  const standings = new Map<string, Standing>();
  for (const part of parts.values()) {
    const { id, vpcCidr } = part.cluster;
    const own = callers.get(id);
    for (const peer of part.peers) {
      const rules =
        vpcCidr === null || !own
          ? null
          : clusterRules(
              { vpcCidr, wireguardPort: network.wireguardPort, planes: own.planes },
              own[workOf(part, peer)],
            ).filter((rule) => rule.protocol === 'udp');
      standings.set(peer.id, {
        privateAddress: peer.privateAddress ?? addressOf(peer, 'private'),
        ...networksOf(snapshot, part, peer),
        outside: outsideOf(peer),
        global: peer.endpoints.filter(({ kind }) => kind === 'global').map(({ address }) => address),
        letsIn: rules,
        udpBlocked: peer.udpBlocked === true,
      });
    }
  }
  return standings;
}

/** Plain hosts share a LAN where they are seen behind the same address. */
function networksOf(
  snapshot: Snapshot,
  part: ClusterPart,
  peer: MeshPeer,
): Pick<Standing, 'network' | 'near'> {
  if (part.cluster.vpcCidr !== null)
    return {
      network: part.cluster.id,
      near: peeredWith(snapshot, part).map((other) => other.cluster.id),
    };
  const { kind, address } = outsideOf(peer);
  return { network: kind === 'open' || address === null ? peer.id : `behind ${address}`, near: [] };
}

function outsideOf(peer: MeshPeer): Outside {
  const open = addressOf(peer, 'public');
  if (open !== null) return { kind: 'open', address: open };
  const observed = peer.endpoints.find((one) => one.kind === 'observed');
  return { kind: 'nat', address: observed?.address ?? null, port: observed?.port ?? null };
}

function outsideAddresses(peer: MeshPeer): string[] {
  const outside = peer.endpoints
    .filter(({ kind }) => kind === 'public' || kind === 'observed')
    .map(({ address }) => address);
  return [...new Set(outside)];
}

function addressOf(peer: MeshPeer, kind: 'private' | 'public'): string | null {
  return peer.endpoints.find((one) => one.kind === kind)?.address ?? null;
}
