import type { MapPeer } from '@skein/contract/agent/map.ts';
import { contains } from '@skein/mesh/ipam/cidr.ts';

/** A cluster has no more working gateways. */
const MOST_TUNNELS = 4;

/** Those who carry the address: the peer itself where there is a tunnel to it, else all of the narrowest prefix. */
export function carriersOf(peers: readonly MapPeer[], address: string): MapPeer[] {
  let best = -1;
  let carriers: MapPeer[] = [];
  for (const peer of peers)
    for (const cidr of peer.allowedIps) {
      const length = Number(cidr.split('/')[1]);
      if (length < best || !contains(cidr, address)) continue;
      if (length > best) carriers = [];
      best = length;
      if (!carriers.includes(peer)) carriers.push(peer);
    }
  return carriers.slice(0, MOST_TUNNELS);
}
