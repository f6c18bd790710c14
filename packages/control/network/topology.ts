import type { TopologyView } from '@skein/contract/rest/peer.ts';
import type { Context } from '../context.ts';
import { linksView, peerView } from '../peer/view.ts';
import { loadNetwork } from './view.ts';

/** Peers and tunnels as their agents reported them last. Links to peers that are gone are left out. */
export async function viewTopology(context: Context, input: { id: string }): Promise<TopologyView> {
  const { organizationId } = context.actor;
  const network = await loadNetwork(context.database, organizationId, input.id);
  const rows = await context.database.peer.findMany({
    where: { networkId: input.id, organizationId, removedAt: null },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  const living = new Set(rows.map((row) => row.id));
  return {
    revision: network.revision,
    topology: network.topology,
    hubClusterId: network.hubClusterId,
    peers: rows.map(peerView),
    links: rows.flatMap(linksView).filter((link) => living.has(link.to)),
  };
}
