/**
 * What the packet filters of agents make of a packet, by the very rules of their maps. The filters themselves are
 * nftables (apps/agent/filter); that both judge alike is what `npm run bench -- reachability` shows.
 */
import type { MapAddressSet, MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { OWN_PORTS } from '@skein/contract/primitive.ts';
import { overlaps, parseAddress, parseCidr, type Range, sizeOf } from '../ipam/cidr.ts';
import type { Flow } from '../policy/decide.ts';

/** A packet of a flow, or one that answers it. The port is the asked side's; the asking side's is one that no rule names. */
export interface Packet extends Flow {
  readonly from: string;
  readonly to: string;
  readonly answers: boolean;
}

/** Whether the target takes what others begin, and lets out what answers it. Its own packets the one who asks takes. */
export function judgesEnd(map: NetworkMap, packet: Packet): boolean {
  const { self } = map;
  const other = packet.answers ? packet.to : packet.from;
  const ranges = readRanges(map);
  if (ranges.ownIsOpen && isWithin(other, ranges.own)) return true;
  if (packet.protocol !== 'icmp' && packet.port === OWN_PORTS.names && self.role === 'gateway') return true;
  if (packet.protocol === 'udp' && OWN_PORTS.probes.some((one) => one === packet.port)) return true;
  const means = packet.answers ? answers : begins;
  for (const rule of self.rules)
    if (ranges.holds(rule.from, other) && means(rule, packet)) return rule.action === 'allow';
  return (isWithin(other, ranges.own) ? self.defaults.withinCluster : self.defaults.elsewhere) === 'allow';
}

const MORE_THAN_ONE_HOP: readonly NetworkMap['self']['topology'][] = ['hub', 'random', 'structured'];

/** Whether a gateway passes a packet on. It keeps no state: what may begin something or answer it passes. */
export function judgesPassing(map: NetworkMap, packet: Packet): boolean {
  const { self } = map;
  const ranges = readRanges(map);
  if (!isWithin(packet.from, ranges.overlay) || !isWithin(packet.to, ranges.overlay)) return false;
  if (isWithin(packet.from, ranges.own)) return true;
  if (!isWithin(packet.to, ranges.own)) return MORE_THAN_ONE_HOP.includes(self.topology);
  const begun = self.passing.find(
    (rule) =>
      ranges.holds(rule.from, packet.from) && ranges.holds(rule.to ?? '', packet.to) && begins(rule, packet),
  );
  if ((begun?.action ?? self.defaults.elsewhere) === 'allow') return true;
  if (packet.protocol === 'tcp' && !packet.answers) return false;
  const answered = self.passing.find(
    (rule) =>
      ranges.holds(rule.from, packet.to) && ranges.holds(rule.to ?? '', packet.from) && answers(rule, packet),
  );
  return (answered?.action ?? self.defaults.elsewhere) === 'allow';
}

function begins(rule: MapRule, packet: Packet): boolean {
  if (rule.protocol === 'any') return true;
  if (rule.protocol !== packet.protocol) return false;
  if (rule.protocol === 'icmp') return !packet.answers;
  return rule.ports.length === 0 || (!packet.answers && hasPort(rule, packet.port));
}

function answers(rule: MapRule, packet: Packet): boolean {
  if (rule.protocol === 'any') return true;
  if (rule.protocol !== packet.protocol) return false;
  if (rule.protocol === 'icmp') return packet.answers;
  return rule.ports.length === 0 || (packet.answers && hasPort(rule, packet.port));
}

function hasPort(rule: MapRule, port: number | null): boolean {
  return port !== null && rule.ports.some(([first, last]) => first <= port && port <= last);
}

interface Ranges {
  readonly own: Range;
  readonly overlay: Range;
  readonly ownIsOpen: boolean;
  holds(id: string, address: string): boolean;
}

const rangeMemo = new WeakMap<NetworkMap, Ranges>();
const setMemo = new WeakMap<MapAddressSet, readonly Range[]>();

function readRanges(map: NetworkMap): Ranges {
  const known = rangeMemo.get(map);
  if (known) return known;
  const { self, addressSets } = map;
  const sets = new Map(addressSets.map((set) => [set.id, set]));
  const read: Ranges = {
    own: parseCidr(self.clusterOverlayCidr),
    overlay: parseCidr(self.overlayCidr),
    ownIsOpen:
      self.defaults.withinCluster === 'allow' &&
      !self.rules.some(
        (rule) =>
          rule.action === 'deny' &&
          sets.get(rule.from)?.cidrs.some((one) => overlaps(one, self.clusterOverlayCidr)),
      ),
    holds: (id, address) => {
      const set = sets.get(id);
      return set !== undefined && rangesOf(set).some((range) => isWithin(address, range));
    },
  };
  rangeMemo.set(map, read);
  return read;
}

function rangesOf(set: MapAddressSet): readonly Range[] {
  let ranges = setMemo.get(set);
  if (!ranges) {
    ranges = set.cidrs.map(parseCidr);
    setMemo.set(set, ranges);
  }
  return ranges;
}

function isWithin(address: string, range: Range): boolean {
  const at = parseAddress(address);
  return range.first <= at && at < range.first + sizeOf(range);
}
