/** What differs between two maps of this agent. */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';

export interface Difference {
  /** Peers that are new or changed, and those that are gone. */
  changed: MapPeer[];
  gone: MapPeer[];
  /** Whether routes may differ by it, and not only tunnels. */
  ways: boolean;
}

/**
 * What of peers and names differs, or undefined where anything else does. Quick where the newer map was made from the
 * older by a delta, for then most parts are the same object.
 */
export function differenceOf(before: NetworkMap, after: NetworkMap): Difference | undefined {
  if (restText(before) !== restText(after)) return undefined;
  const held = new Map(before.peers.map((peer) => [peer.id, peer]));
  const difference: Difference = { changed: [], gone: [], ways: false };
  for (const peer of after.peers) {
    const old = held.get(peer.id);
    held.delete(peer.id);
    if (old === peer) continue;
    difference.changed.push(peer);
    difference.ways ||= !old || wayText(old) !== wayText(peer);
  }
  difference.gone.push(...held.values());
  difference.ways ||= difference.gone.length > 0;
  return difference;
}

/** All but peers, names and the number. */
function restText(map: NetworkMap): string {
  return JSON.stringify({ ...map, number: 0, peers: [], names: [], delegations: [] });
}

/** All of a peer that routes come from. */
function wayText(peer: MapPeer): string {
  return JSON.stringify([peer.plane, peer.clusterId, peer.role, peer.overlayAddress, peer.allowedIps]);
}
