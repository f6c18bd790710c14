/** The map with ways over TLS as WireGuard takes them: sockets of this node. And back, for those who are told of them. */
import type { Endpoint, NetworkMap } from '@skein/contract/agent/map.ts';
import type { TunnelPeer } from '../../wireguard/state.ts';
import { type WayName, wayName } from './client.ts';

const LOOPBACK = '127.0.0.1';

/** By way, as the map names it, the port on 127.0.0.1 where it begins. */
export type LocalPorts = ReadonlyMap<WayName, number>;

/** Ways that have no socket here are left out. */
export function localized(map: NetworkMap, ports: LocalPorts): NetworkMap {
  if (ports.size === 0 && !map.peers.some((peer) => peer.endpoints.some(isTls))) return map;
  const endpointOf = (endpoint: Endpoint): Endpoint[] => {
    if (!isTls(endpoint)) return [endpoint];
    const port = ports.get(wayName(endpoint));
    return port === undefined ? [] : [{ kind: 'tls', address: LOOPBACK, port }];
  };
  return {
    ...map,
    peers: map.peers.map((peer) =>
      peer.endpoints.some(isTls) ? { ...peer, endpoints: peer.endpoints.flatMap(endpointOf) } : peer,
    ),
  };
}

/** Tunnels with the relays' addresses in place of this node's own sockets. */
export function named(tunnels: readonly TunnelPeer[], ports: LocalPorts): readonly TunnelPeer[] {
  if (ports.size === 0) return tunnels;
  const names = new Map([...ports].map(([name, port]) => [`${LOOPBACK}:${port}`, name]));
  return tunnels.map((tunnel) => {
    const name = names.get((tunnel.endpoint ?? '') as WayName);
    return name === undefined ? tunnel : { ...tunnel, endpoint: name };
  });
}

function isTls({ kind }: Endpoint): boolean {
  return kind === 'tls';
}
