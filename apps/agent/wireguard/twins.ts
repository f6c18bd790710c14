/** What a peer carries in IPv6. */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import type { Twins } from '@skein/mesh/ipam/twin.ts';

/** The map with the twins of all allowed IPs beside them. */
export function withTwins(map: NetworkMap, twins: Twins): NetworkMap {
  return {
    ...map,
    peers: map.peers.map((peer) => ({
      ...peer,
      allowedIps: [...peer.allowedIps, ...peer.allowedIps.map(twins.ofCidr)],
    })),
  };
}
