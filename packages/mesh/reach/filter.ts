/**
 * What the packet filters of agents make of a packet, by the very rules of their maps. The filters themselves are
 * nftables (apps/agent/filter); that both judge alike is what `npm run bench -- reachability` shows.
 */
import type { MapAddressSet, MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { OWN_PORTS, type PolicyAction } from '@skein/contract/primitive.ts';
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
  if (ranges.ownIsOpen && isWithinAny(other, ranges.own)) return true;
  if (packet.protocol !== 'icmp' && packet.port === OWN_PORTS.names && self.role === 'gateway') return true;
  if (packet.protocol === 'udp' && OWN_PORTS.probes.some((one) => one === packet.port)) return true;
  const means = packet.answers ? answers : begins;
  for (const rule of self.rules)
    if (ranges.holds(rule.from, other) && means(rule, packet)) return rule.action === 'allow';
  return (isWithinAny(other, ranges.own) ? self.defaults.withinCluster : self.defaults.elsewhere) === 'allow';
}

const MORE_THAN_ONE_HOP: readonly NetworkMap['self']['topology'][] = ['hub', 'random', 'structured'];

/** Whether a gateway passes a packet on. It keeps no state: what may begin something or answer it passes. */
export function judgesPassing(map: NetworkMap, packet: Packet): boolean {
  const { self } = map;
  const { overlay, own } = readRanges(map);
  if (!isWithinAny(packet.from, overlay) || !isWithinAny(packet.to, overlay)) return false;
  if (isWithinAny(packet.from, own)) return true;
  if (!isWithinAny(packet.to, own)) return MORE_THAN_ONE_HOP.includes(self.topology);
  return (
    begunOrNot(map, packet, self.defaults.elsewhere) || answeredOrNot(map, packet, self.defaults.elsewhere)
  );
}

/**
 * Whether a carrier lets a packet to or from a range behind it.
 * @param remembers whether it knows the flows: then a question is judged as one, and an answer as one
 */
export function judgesBehind(map: NetworkMap, packet: Packet, remembers: boolean): boolean {
  const { self } = map;
  const { own } = readRanges(map);
  const inside = isWithinAny(packet.from, own) && isWithinAny(packet.to, own);
  const otherwise = inside ? self.defaults.withinCluster : self.defaults.elsewhere;
  if (remembers)
    return packet.answers ? answeredOrNot(map, packet, otherwise) : begunOrNot(map, packet, otherwise);
  return begunOrNot(map, packet, otherwise) || answeredOrNot(map, packet, otherwise);
}

function begunOrNot(map: NetworkMap, packet: Packet, otherwise: PolicyAction): boolean {
  const { holds } = readRanges(map);
  const rule = map.self.passing.find(
    (one) => holds(one.from, packet.from) && holds(one.to ?? '', packet.to) && begins(one, packet),
  );
  return (rule?.action ?? otherwise) === 'allow';
}

/** A first packet of TCP answers nothing. */
function answeredOrNot(map: NetworkMap, packet: Packet, otherwise: PolicyAction): boolean {
  if (packet.protocol === 'tcp' && !packet.answers) return false;
  const { holds } = readRanges(map);
  const rule = map.self.passing.find(
    (one) => holds(one.from, packet.to) && holds(one.to ?? '', packet.from) && answers(one, packet),
  );
  return (rule?.action ?? otherwise) === 'allow';
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
  /** The own cluster's, and of what is behind it. */
  readonly own: readonly Range[];
  readonly overlay: readonly Range[];
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
  const { pods } = self;
  const ownPods = pods.cluster === null ? [] : [pods.cluster];
  const own = [self.clusterOverlayCidr, ...self.clusterRanges, ...ownPods];
  const ranges = self.rangesCidr === null ? [] : [self.rangesCidr];
  const read: Ranges = {
    own: own.map(parseCidr),
    overlay: [self.overlayCidr, ...ranges, ...ownPods, ...pods.elsewhere].map(parseCidr),
    ownIsOpen:
      self.defaults.withinCluster === 'allow' &&
      !self.rules.some(
        (rule) =>
          rule.action === 'deny' &&
          sets.get(rule.from)?.cidrs.some((one) => own.some((range) => overlaps(one, range))),
      ),
    holds: (id, address) => {
      const set = sets.get(id);
      return set !== undefined && isWithinAny(address, rangesOf(set));
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

function isWithinAny(address: string, ranges: readonly Range[]): boolean {
  const at = parseAddress(address);
  return ranges.some((range) => range.first <= at && at < range.first + sizeOf(range));
}
