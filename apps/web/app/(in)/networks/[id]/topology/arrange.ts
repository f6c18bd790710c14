/**
 * Where everything stands in the graph. Clusters fill two columns, those of one cloud together, and each shows its
 * gateways towards the middle: so links between clusters cross the middle and no other peer. Pure: the same network
 * is always drawn the same.
 */
import type { Cluster } from '@skein/contract/rest/network.ts';
import type { Peer } from '@skein/contract/rest/peer.ts';

export const PEER = { width: 168, height: 46 };
const GAP = 12;
const PADDING = 16;
const HEAD = 56;
const BETWEEN_ROLES = 44;
const BETWEEN_COLUMNS = 300;
const CLOUD_HEAD = 34;
const BETWEEN_CLOUDS = 28;

export const CLUSTER_WIDTH = 2 * PADDING + 2 * PEER.width + BETWEEN_ROLES;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export type Side = 'left' | 'right';
export interface Arrangement {
  clouds: (Box & { id: string; provider: Cluster['provider'] })[];
  clusters: (Box & { cluster: Cluster })[];
  peers: { x: number; y: number; side: Side; peer: Peer }[];
}

/** @param narrow puts all in one column, for screens with no room for two. */
export function arrange(clusters: readonly Cluster[], peers: readonly Peer[], narrow = false): Arrangement {
  const shown: Arrangement = { clouds: [], clusters: [], peers: [] };
  const members = (cluster: Cluster) => peers.filter((peer) => peer.clusterId === cluster.id);
  const columns = columnsOf(clusters, (cluster) => heightOf(members(cluster)), narrow);
  for (const side of ['left', 'right'] as const) {
    const x = side === 'left' ? 0 : CLUSTER_WIDTH + 2 * PADDING + BETWEEN_COLUMNS;
    let y = 0;
    for (const group of columns[side]) {
      const top = y;
      y += CLOUD_HEAD;
      for (const cluster of group) {
        const own = members(cluster);
        const box = { x: x + PADDING, y, width: CLUSTER_WIDTH, height: heightOf(own) };
        shown.clusters.push({ ...box, cluster });
        shown.peers.push(...placePeers(own, box, side));
        y += box.height + PADDING;
      }
      const provider = group[0]?.provider ?? null;
      shown.clouds.push({
        id: `${side} ${provider}`,
        provider,
        x,
        y: top,
        width: CLUSTER_WIDTH + 2 * PADDING,
        height: y - top,
      });
      y += BETWEEN_CLOUDS;
    }
  }
  return shown;
}

function heightOf(peers: readonly Peer[]): number {
  const gateways = peers.filter((peer) => peer.role === 'gateway').length;
  const rows = Math.max(1, gateways, peers.length - gateways);
  return HEAD + rows * (PEER.height + GAP) - GAP + PADDING;
}

function placePeers(peers: readonly Peer[], box: Box, side: Side) {
  const inner = box.x + PADDING + PEER.width + BETWEEN_ROLES;
  const outer = box.x + PADDING;
  const placed: Arrangement['peers'] = [];
  for (const role of ['gateway', 'member'] as const) {
    const towardsMiddle = (role === 'gateway') === (side === 'left');
    const column = peers.filter((peer) => peer.role === role).sort((a, b) => (a.name < b.name ? -1 : 1));
    column.forEach((peer, row) => {
      const y = box.y + HEAD + row * (PEER.height + GAP);
      placed.push({ x: towardsMiddle ? inner : outer, y, side, peer });
    });
  }
  return placed;
}

/** Clouds whole on one side, the tallest first and then where there is more room; a cloud alone is split. */
function columnsOf(clusters: readonly Cluster[], height: (cluster: Cluster) => number, narrow: boolean) {
  const columns: Record<Side, Cluster[][]> = { left: [], right: [] };
  const byCloud = new Map<Cluster['provider'], Cluster[]>();
  for (const cluster of clusters)
    byCloud.set(cluster.provider, [...(byCloud.get(cluster.provider) ?? []), cluster]);
  const total = (group: readonly Cluster[]) => group.reduce((sum, one) => sum + height(one), 0);
  let groups = [...byCloud.values()].sort((a, b) => total(b) - total(a));
  const [only] = groups;
  if (!narrow && groups.length === 1 && only && only.length > 1) {
    const half = Math.ceil(only.length / 2);
    groups = [only.slice(0, half), only.slice(half)];
  }
  const filled = { left: 0, right: 0 };
  for (const group of groups) {
    const side = narrow || filled.left <= filled.right ? 'left' : 'right';
    columns[side].push(group);
    filled[side] += total(group);
  }
  return columns;
}
