/** What a peer carries in IPv6. */
import type { NetworkMap } from '@skein/contract/agent/map.ts';
import type { Twins } from '@skein/mesh/ipam/twin.ts';

/**
 * Adds the twins of all allowed IPs beside them. Those of peers that are as they were are not worked out again: the lists
 * of a map made by a delta are the very lists of the map before.
 */
export function newTwinner(twins: Twins): (map: NetworkMap) => NetworkMap {
  const known = new WeakMap<readonly string[], string[]>();
  const both = (allowedIps: readonly string[]): string[] => {
    const held = known.get(allowedIps);
    if (held) return held;
    const made = [...allowedIps, ...allowedIps.map(twins.ofCidr)];
    known.set(allowedIps, made);
    return made;
  };
  return (map) => ({
    ...map,
    peers: map.peers.map((peer) => ({ ...peer, allowedIps: both(peer.allowedIps) })),
  });
}
