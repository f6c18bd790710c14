/**
 * By whom each agent sends what goes to an address, once it has found out which gateways live: WireGuard's and the
 * kernel's rule that the longest prefix decides, and the agents' rule which of several gateways to use.
 */
import type { MapPeer, NetworkMap } from '@skein/contract/agent/map.ts';
import { formatCidr, parseAddress, parseCidr, type Range, sizeOf } from '../ipam/cidr.ts';

export interface Ways {
  /** The peers by which packets to an address may go: one for each of the interfaces over which flows are spread. */
  next(map: NetworkMap, address: string): readonly MapPeer[];
  /** The peer from whom an interface takes packets of this address. */
  taken(map: NetworkMap, plane: number, address: string): string | undefined;
}

interface Prefix {
  readonly range: Range;
  readonly carriers: readonly MapPeer[];
}

/** Prefixes that an agent tells; past this it says that it reaches nothing. */
const MOST_TOLD = 32;

/**
 * @param maps of all peers that are not lost
 * @param isUp whether two peers have a session
 */
export function waysOf(maps: readonly NetworkMap[], isUp: (from: string, to: string) => boolean): Ways {
  const prefixMemo = new Map<NetworkMap, readonly Prefix[]>();
  const prefixesOf = (map: NetworkMap) => {
    let prefixes = prefixMemo.get(map);
    if (!prefixes) {
      prefixes = readPrefixes(map);
      prefixMemo.set(map, prefixes);
    }
    return prefixes;
  };

  /** What each says that it does not reach. One hears it from the next, so it takes as many turns as there are hops. */
  let told: ReadonlyMap<string, readonly Range[]> = new Map();
  const reaches = (map: NetworkMap, peer: MapPeer, range: Range) =>
    isUp(map.peerId, peer.id) &&
    // A gateway that reaches nothing beyond its cluster still reaches its cluster.
    (holds(homeOf(map, peer), range) ||
      !told.get(peer.id)?.some((one) => holds(one, range) || holds(one, parseCidr(map.self.overlayCidr))));
  const toldBy = (map: NetworkMap): readonly Range[] => {
    const { clusterOverlayCidr, pods } = map.self;
    const own = [clusterOverlayCidr, ...(pods.cluster === null ? [] : [pods.cluster])].map(parseCidr);
    const carried = prefixesOf(map).filter(
      ({ range, carriers }) =>
        !own.some((one) => holds(one, range)) && carriers.some((one) => one.role === 'gateway'),
    );
    const lost = carried.filter(({ range, carriers }) => !carriers.some((one) => reaches(map, one, range)));
    if (lost.length === 0) return [];
    const { overlayCidr, rangesCidr } = map.self;
    const all = lost.length === carried.length || lost.length > MOST_TOLD;
    if (all) return [overlayCidr, ...(rangesCidr === null ? [] : [rangesCidr])].map(parseCidr);
    return lost.map(({ range }) => range);
  };
  const forwarding = maps.filter((map) => map.self.forwards);
  for (let turn = 0; turn <= forwarding.length; turn += 1) {
    const before = textOf(told);
    told = new Map(forwarding.map((map) => [map.peerId, toldBy(map)]));
    if (textOf(told) === before) break;
  }

  const memo = new Map<NetworkMap, Map<string, readonly MapPeer[]>>();
  const takenMemo = new Map<NetworkMap, Map<string, string | undefined>>();
  return {
    next: (map, address) => {
      const known = memo.get(map) ?? new Map<string, readonly MapPeer[]>();
      memo.set(map, known);
      let next = known.get(address);
      if (!next) {
        const range = { first: parseAddress(address), prefixLength: 32 };
        const carriers = longest(prefixesOf(map), range)?.carriers ?? [];
        const live = carriers.filter((one) => isUp(map.peerId, one.id));
        const best = live.filter((one) => reaches(map, one, range));
        next = best.length > 0 ? best : live.length > 0 ? live : carriers;
        known.set(address, next);
      }
      return next;
    },
    taken: (map, plane, address) => {
      const known = takenMemo.get(map) ?? new Map<string, string | undefined>();
      takenMemo.set(map, known);
      const key = `${plane} ${address}`;
      if (!known.has(key)) {
        const range = { first: parseAddress(address), prefixLength: 32 };
        const carrier = (prefix: Prefix) => prefix.carriers.find((peer) => peer.plane === plane);
        const prefix = prefixesOf(map).find((one) => holds(one.range, range) && carrier(one));
        known.set(key, prefix && carrier(prefix)?.id);
      }
      return known.get(key);
    },
  };
}

/** From narrow to wide. */
function readPrefixes(map: NetworkMap): Prefix[] {
  const carriers = new Map<string, MapPeer[]>();
  for (const peer of map.peers)
    for (const cidr of peer.allowedIps) {
      const carrying = carriers.get(cidr);
      if (carrying) carrying.push(peer);
      else carriers.set(cidr, [peer]);
    }
  return [...carriers]
    .map(([cidr, carrying]) => ({ range: parseCidr(cidr), carriers: carrying }))
    .sort((a, b) => b.range.prefixLength - a.range.prefixLength);
}

/** The range of the cluster that a peer is in, as far as the map tells it. */
function homeOf(map: NetworkMap, peer: MapPeer): Range {
  if (peer.clusterId === map.self.clusterId) return parseCidr(map.self.clusterOverlayCidr);
  const itself = { first: parseAddress(peer.overlayAddress), prefixLength: 32 };
  const wider = peer.allowedIps
    .map(parseCidr)
    .filter((range) => range.prefixLength < 32 && holds(range, itself))
    .sort((a, b) => b.prefixLength - a.prefixLength);
  return wider[0] ?? itself;
}

function longest(prefixes: readonly Prefix[], range: Range): Prefix | undefined {
  return prefixes.find((prefix) => holds(prefix.range, range));
}

function holds(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && inner.first + sizeOf(inner) <= outer.first + sizeOf(outer);
}

function textOf(told: ReadonlyMap<string, readonly Range[]>): string {
  return JSON.stringify([...told].map(([id, ranges]) => [id, ranges.map(formatCidr)]));
}
