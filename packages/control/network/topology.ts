import { ProviderId } from '@skein/contract/primitive.ts';
import type { TopologyView } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { linksView, peerView } from '../peer/view.ts';
import { PRICES } from './plan/price/2026-11.ts';
import { type Place, type WayEnd, wayOf } from './plan/price/of-way.ts';
import { loadNetwork } from './view.ts';

/** Peers and tunnels as their agents reported them last. Links to peers that are gone are left out. */
export async function viewTopology(context: Context, input: { id: string }): Promise<TopologyView> {
  const { organizationId } = context.actor;
  const network = await loadNetwork(context.database, organizationId, input.id);
  const rows = await context.database.peer.findMany({
    where: { networkId: input.id, organizationId, removedAt: null },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  const clusters = await context.database.cluster.findMany({
    where: { networkId: input.id, organizationId },
    select: { id: true, region: true, cloudAccount: { select: { provider: true } } },
  });
  const places = new Map(clusters.map((one) => [one.id, placeOf(one.cloudAccount?.provider, one.region)]));
  const peers = rows.map(peerView);
  const ends = new Map(
    peers.map((peer): [string, WayEnd] => [peer.id, { ...peer, place: places.get(peer.clusterId) ?? null }]),
  );
  const relays = new Map<string, Place>();
  for (const peer of peers)
    for (const address of peer.relays ? [peer.publicAddress, peer.privateAddress] : [])
      if (address !== null) relays.set(address, places.get(peer.clusterId) ?? null);
  const wayBetween = (endpoint: string | null, fromId: string, toId: string) => {
    const [from, to] = [ends.get(fromId), ends.get(toId)];
    return endpoint !== null && from && to ? wayOf(endpoint, from, to, relays, PRICES) : null;
  };
  return {
    revision: network.revision,
    topology: network.topology,
    hubClusterId: network.hubClusterId,
    peers,
    links: rows
      .flatMap(linksView)
      .filter((link) => ends.has(link.to))
      .map((link) => ({ ...link, way: wayBetween(link.endpoint, link.from, link.to) })),
  };
}

function placeOf(provider: string | undefined, region: string): Place {
  const known = ProviderId.safeParse(provider);
  return known.success ? { provider: known.data, region } : null;
}
