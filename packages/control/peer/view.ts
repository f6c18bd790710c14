import { Facts, LinkReport } from '@skein/contract/agent/channel.ts';
import { Endpoint } from '@skein/contract/agent/map.ts';
import { Labels } from '@skein/contract/primitive.ts';
import type { Link, Peer } from '@skein/contract/rest/peer.ts';
import type { Peer as PeerRow } from '@skein/database/generated/client.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import { z } from 'zod';
import { isConnected } from '../network/view.ts';

const Endpoints = z.array(Endpoint);
const Links = z.array(LinkReport);

/** A peer's row as the REST API tells it. */
export function peerView(row: PeerRow): Peer {
  const facts = Facts.safeParse(row.facts).data;
  return {
    id: row.id,
    networkId: row.networkId,
    clusterId: row.clusterId,
    name: row.name,
    role: row.role,
    state: stateOf(row),
    managed: row.managed,
    labels: Labels.safeParse(row.labels).data ?? {},
    overlayAddress: row.overlayAddress,
    overlayAddress6: facts?.ipv6 ? twinsOf(row.networkId).of(row.overlayAddress) : null,
    privateAddress: row.privateAddress,
    publicAddress: row.publicAddress,
    endpoints: Endpoints.safeParse(row.endpoints).data ?? [],
    relays: row.relays,
    relayTlsPort: row.relayTlsPort,
    podCidrs: row.podCidrs,
    udpBlocked: row.udpBlocked,
    agentVersion: facts?.agentVersion ?? null,
    wireguard: facts?.wireguard ?? null,
    wireguardKey: row.wireguardKey,
    appliedNumber: row.appliedNumber,
    problem: row.problem,
    enrolledAt: row.enrolledAt?.toISOString() ?? null,
    lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
  };
}

/** The links that a peer reported last; none before its first report. */
export function linksView(row: Pick<PeerRow, 'id' | 'links' | 'linksReportedAt'>): Omit<Link, 'way'>[] {
  const reportedAt = row.linksReportedAt?.toISOString();
  if (!reportedAt) return [];
  return (Links.safeParse(row.links).data ?? []).map(({ peerId, ...link }) => ({
    from: row.id,
    to: peerId,
    ...link,
    reportedAt,
  }));
}

function stateOf(row: PeerRow): Peer['state'] {
  if (row.removedAt) return 'removed';
  if (!row.enrolledAt) return 'expected';
  return isConnected(row) ? 'connected' : 'disconnected';
}
