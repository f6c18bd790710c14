/** For tests: follows packets from map to map. */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { contains, parseCidr } from '../ipam/cidr.ts';

/** Where a packet goes next from a map, by the longest prefix: one for each plane that carries it. */
function nextOf(map: NetworkMap, address: string, planes?: number): MapPeer[] {
  const fits = map.peers
    .filter((peer) => planes === undefined || peer.plane === planes)
    .flatMap((peer) =>
      peer.allowedIps
        .filter((cidr) => contains(cidr, address))
        .map((cidr) => ({ peer, length: parseCidr(cidr).prefixLength })),
    );
  const longest = Math.max(-1, ...fits.map(({ length }) => length));
  return fits.filter(({ length }) => length === longest).map(({ peer }) => peer);
}

/** Who ends up with a packet, whichever of the ways it takes; `lost at` whoever has none, or takes none from there. */
export function endsOfWay(
  maps: ReadonlyMap<string, NetworkMap>,
  at: string,
  from: string,
  to: string,
  hops = 0,
): string[] {
  const map = maps.get(at) as NetworkMap;
  const { overlayAddress, ranges, pods } = map.self;
  const here = [...ranges.map(({ overlayCidr }) => overlayCidr), ...pods.own];
  if (overlayAddress === to || here.some((cidr) => contains(cidr, to))) return [at];
  if (hops > 8 || (hops > 0 && !map.self.forwards)) return [`lost at ${at}`];
  const next = nextOf(map, to);
  if (next.length === 0) return [`lost at ${at}`];
  return next.flatMap(({ id }) => {
    const there = maps.get(id) as NetworkMap;
    const plane = there.peers.find((peer) => peer.id === at)?.plane;
    const taken = nextOf(there, from, plane);
    if (taken.length !== 1 || taken[0]?.id !== at)
      return [`lost at ${id}, which takes no ${from} from ${at}`];
    return endsOfWay(maps, id, from, to, hops + 1);
  });
}
