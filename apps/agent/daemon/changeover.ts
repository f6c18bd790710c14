/**
 * Prefixes that move from one peer to another, as in another topology. WireGuard takes packets of a prefix from one peer
 * alone, so both ends of every link must change over at the same moment, or packets are lost until the later one has. Nobody
 * is asked for that: each agent meets its new peers at once, and moves the prefixes when all have had the time for it.
 */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { MORE_THAN_ONE_HOP } from '../filter/render.ts';
import { PrefixTable } from '../route/prefix-table.ts';

/** After an agent was told: work that may be slow is done by then, and new tunnels are up. */
export const CHANGEOVER_MILLISECONDS = 700;

/**
 * What to stand by until the moment at which prefixes move: the ways of `before`, and beside them the peers that are new in
 * `after`, each with what nobody else carries yet. Undefined where no prefix moves: then `after` is to hold at once.
 */
export function changeover(before: NetworkMap, after: NetworkMap): NetworkMap | undefined {
  const isOther = before.self.topology !== after.self.topology;
  const next = new Map(after.peers.map((peer) => [peer.id, peer]));
  // In the same topology who is not named any more may have been removed, which must not wait.
  const staying = before.peers.filter((peer) => next.has(peer.id) || isOther);
  // And there whoever joins is a narrower prefix within that of a gateway: nobody has been spoken to by it so far.
  const moves = movesFrom(staying, isOther);
  const back = movesFrom(after.peers, isOther);
  const some = (peers: readonly MapPeer[], of: typeof moves) =>
    peers.some((peer) => peer.allowedIps.some((cidr) => of(peer, cidr)));
  if (!some(after.peers, moves) && !(isOther && some(staying, back))) return undefined;
  const known = new Set(staying.map((peer) => peer.id));
  const peers = [
    ...staying.map((peer) => ({
      ...(next.get(peer.id) ?? peer),
      plane: peer.plane,
      allowedIps: peer.allowedIps,
    })),
    ...after.peers
      .filter((peer) => !known.has(peer.id))
      .map((peer) => ({ ...peer, allowedIps: peer.allowedIps.filter((cidr) => !moves(peer, cidr)) })),
  ];
  return { ...after, ...passingEither(before, after), peers };
}

/** Tells whether packets of a prefix go by another peer of the same plane than this, among `peers`. */
function movesFrom(peers: readonly MapPeer[], within: boolean): (peer: MapPeer, cidr: string) => boolean {
  const planes = new Map<number, PrefixTable<string>>();
  for (const { plane, id, allowedIps } of peers) {
    const table = planes.get(plane) ?? new PrefixTable<string>();
    planes.set(plane, table);
    for (const cidr of allowedIps) table.set(cidr, id);
  }
  return (peer, cidr) => {
    const table = planes.get(peer.plane);
    const range = parseCidr(cidr);
    const carrier = within ? table?.around(range) : table?.get(range);
    return carrier !== undefined && carrier !== peer.id;
  };
}

/** Both what goes by the ways of before and by those of after is passed on. */
function passingEither(before: NetworkMap, after: NetworkMap): Pick<NetworkMap, 'self' | 'addressSets'> {
  const transit = MORE_THAN_ONE_HOP.includes(before.self.topology) ? before.self : after.self;
  const passing = after.self.forwards ? after : before;
  const sets = new Map([...before.addressSets, ...after.addressSets].map((set) => [set.id, set]));
  return {
    self: {
      ...after.self,
      topology: transit.topology,
      planes: Math.max(before.self.planes, after.self.planes),
      forwards: before.self.forwards || after.self.forwards,
      passing: passing.self.passing,
    },
    addressSets: [...sets.values()],
  };
}
