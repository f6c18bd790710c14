/** Routes with the MTU of the paths that they lead to. A path that differs from the rest gets a route of its own. */
import type { MapPeer } from '@skein/contract/agent/map.ts';
import { parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { PrefixTable } from '../route/prefix-table.ts';
import { carriersOf, type SizedWay, type Way } from '../route/ways.ts';

/**
 * The ways, each with its MTU: the smallest of those who carry exactly its prefix, else what most of the prefixes within
 * it have. Prefixes with another one follow as ways of their own over the same planes. Sorted from wide to narrow.
 * @param mtuOf the MTU towards a peer, by its id
 * @param start for a way that nobody is known to carry
 */
export function withSizes(
  ways: readonly Way[],
  peers: readonly MapPeer[],
  mtuOf: (peerId: string) => number,
  start: number,
): SizedWay[] {
  const said = new PrefixTable<Way>();
  for (const way of ways) said.set(way.destination, way);
  const exact = new Map<string, number>();
  const within = new Map<string, { destination: string; mtu: number }[]>();
  for (const { cidr: destination, range, said: carriers } of carriersOf(peers).sorted()) {
    const way = said.around(range);
    if (!way) continue;
    // A gateway that is passed over at present says nothing about the way.
    const used = carriers.filter((peer) => way.planes.includes(peer.plane));
    if (used.length === 0) continue;
    const mtu = Math.min(...used.map((peer) => mtuOf(peer.id)));
    if (way.destination === destination) exact.set(destination, mtu);
    else {
      const inner = within.get(way.destination) ?? [];
      within.set(way.destination, inner);
      inner.push({ destination, mtu });
    }
  }
  const sized = ways.flatMap((way) => {
    const inner = within.get(way.destination) ?? [];
    const mtu = exact.get(way.destination) ?? mostCommon(inner.map((one) => one.mtu)) ?? start;
    return [
      { ...way, mtu },
      ...inner
        .filter((one) => one.mtu !== mtu)
        .map((one) => ({ destination: one.destination, planes: way.planes, mtu: one.mtu })),
    ];
  });
  return sized
    .map((way) => ({ way, range: parseCidr(way.destination) }))
    .sort((a, b) => a.range.prefixLength - b.range.prefixLength || a.range.first - b.range.first)
    .map(({ way }) => way);
}

/** The smaller of two that are as common. */
function mostCommon(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].sort(([a, some], [b, others]) => others - some || a - b);
  return first?.[0];
}
