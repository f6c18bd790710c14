/** The node's own packet filter, as nftables text. It looks at the overlay's interfaces alone. */
import { createHash } from 'node:crypto';
import type { MapRule, MapSelf, NetworkMap } from '@skein/contract/agent/map.ts';
import { overlaps } from '@skein/mesh/ipam/cidr.ts';
import { type Twins, twinsOf } from '@skein/mesh/ipam/twin.ts';
import { PAIR_PORT, PATH_PORT, PROBE_PORT } from '../config.ts';
import { rangeChains, rangesThrough } from './ranges.ts';
import {
  behindNode,
  byTunnelAlone,
  ICMP_ERRORS,
  isKept,
  OURS,
  oneOf,
  overlayCidrs,
  ownCidrs,
} from './words.ts';

export const TABLE = 'inet skein';

const PROBES = `{ ${PROBE_PORT}, ${PATH_PORT}, ${PAIR_PORT} }`;
/** Topologies in which a gateway passes on what is neither from its cluster nor for it. */
export const MORE_THAN_ONE_HOP: readonly NetworkMap['self']['topology'][] = ['hub', 'random', 'structured'];

/** How one of the two IPs is spoken of. `cidr` says an IPv4 prefix or address in its words, `cidrs` several as one. */
interface Family {
  ip: 'ip' | 'ip6';
  icmp: 'icmp' | 'icmpv6';
  protocol: 'icmp' | 'ipv6-icmp';
  /** What routers say of packets that they could not pass on. */
  errors: string;
  cidr(cidr: string): string;
  cidrs(cidrs: readonly string[]): string;
  set: { type: 'ipv4_addr' | 'ipv6_addr'; name: string };
}

/** Says a rule for some families, and once where it says nothing that differs. */
type Each = (rule: (family: Family) => string) => string[];

const familiesOf = (twins: Twins): readonly [Family, Family] => [
  {
    ip: 'ip',
    icmp: 'icmp',
    protocol: 'icmp',
    errors: ICMP_ERRORS,
    cidr: (cidr) => cidr,
    cidrs: oneOf,
    set: { type: 'ipv4_addr', name: 'set' },
  },
  {
    ip: 'ip6',
    icmp: 'icmpv6',
    protocol: 'ipv6-icmp',
    errors: `${ICMP_ERRORS}, packet-too-big`,
    cidr: (cidr) => twinOf(twins, cidr),
    cidrs: (cidrs) => oneOf(cidrs.map((cidr) => twinOf(twins, cidr))),
    set: { type: 'ipv6_addr', name: 'set_six' },
  },
];

const twinOf = (twins: Twins, cidr: string) => (cidr.includes('/') ? twins.ofCidr(cidr) : twins.of(cidr));

/**
 * The rules that a map asks for, each for IPv4 and for IPv6, where every address is its twin. What others begin here is
 * judged packet by packet by the network's policy, and what is answered to it by the same rules the other way round: a
 * permission taken back cuts flows that already run in both directions, with no need to search conntrack. Answers to what
 * this node began pass by their direction.
 * @param closed interfaces of the node between which no IPv6 may pass, though the node forwards it for us
 */
export function renderFilter(map: NetworkMap, closed: readonly string[] = []): string {
  const { self } = map;
  const [own, overlay] = [ownCidrs(self), overlayCidrs(self)];
  const behind = behindNode(self);
  const asItIs = self.ranges.filter(isKept).map(({ cidr }) => cidr);
  const families = familiesOf(twinsOf(map.networkId));
  const sets = setsOf(map, families);
  const apart = `{ ${closed.map((name) => `"${name}"`).join(', ')} }`;
  const both: Each = (rule) => [...new Set(families.map(rule))];
  const four: Each = (rule) => [rule(families[0])];
  const ownIsOpen =
    self.defaults.withinCluster === 'allow' &&
    !self.rules.some((rule) => rule.action === 'deny' && sets.touches(rule.from, own));
  /** Everything of the own cluster that no rule has decided, and then of all others. */
  const defaults = (peer: 'saddr' | 'daddr') => {
    const { withinCluster, elsewhere } = self.defaults;
    return [
      ...(ownIsOpen || withinCluster === elsewhere
        ? []
        : both(
            ({ ip, cidrs }) =>
              `    ${ip} ${peer} ${cidrs(own)} ${withinCluster === 'allow' ? 'accept' : 'counter drop'}`,
          )),
      elsewhere === 'allow' ? '    accept' : '    counter drop',
    ];
  };
  const lines = [
    ...sets.lines,
    '  chain begun_here {',
    ...self.rules.flatMap((rule) =>
      both(
        (family) => `    ${line(sets.is(family, 'saddr', rule.from), begins(family, rule), judged(rule))}`,
      ),
    ),
    ...defaults('saddr'),
    '  }',
    '  chain answered_here {',
    ...(ownIsOpen ? both(({ ip, cidrs }) => `    ${ip} daddr ${cidrs(own)} accept`) : []),
    ...(self.role === 'gateway' ? ['    meta l4proto { tcp, udp } th sport 53 accept'] : []),
    `    udp sport ${PROBES} accept`,
    ...self.rules.flatMap((rule) =>
      both(
        (family) => `    ${line(sets.is(family, 'daddr', rule.from), answers(family, rule), judged(rule))}`,
      ),
    ),
    ...defaults('daddr'),
    '  }',
    '  chain to_node {',
    ...(ownIsOpen ? both(({ ip, cidrs }) => `    ${ip} saddr ${cidrs(own)} accept`) : []),
    ...both(({ ip, cidrs }) => `    ${ip} saddr != ${cidrs(overlay)} counter drop`),
    // Of what began here under another of the node's addresses, and went out as the overlay's, too.
    '    ct direction reply ct state established,related accept',
    ...both(({ ip, cidr }) => `    ${ip} daddr != ${cidr(self.overlayAddress)} counter drop`),
    ...both(({ protocol }) => `    meta l4proto ${protocol} ct state related accept`),
    // Names of a cluster are asked of its gateways; the probes are our own.
    ...(self.role === 'gateway' ? ['    meta l4proto { tcp, udp } th dport 53 accept'] : []),
    `    udp dport ${PROBES} accept`,
    '    goto begun_here',
    '  }',
    ...(self.forwards ? begunAndAnswered('through', self, sets, both) : []),
    '  chain through_node {',
    ...rangesThrough(behind),
    ...(self.forwards ? passing(self, both) : []),
    '    counter drop',
    '  }',
    // What is behind a node speaks no IPv6 with the network.
    ...(behind.length > 0 ? [...begunAndAnswered('behind', self, sets, four), ...rangeChains(self)] : []),
    '  chain input {',
    '    type filter hook input priority -5; policy accept;',
    `    iifname ${OURS} goto to_node`,
    // Nobody beside the tunnel may speak as a peer, but pods and containers of this node with the node itself.
    ...(asItIs.length > 0 ? [`    ip saddr ${oneOf(asItIs)} accept`] : []),
    ...both(({ ip, cidrs }) => `    iifname != "lo" ${ip} saddr ${cidrs(byTunnelAlone(self))} counter drop`),
    '  }',
    '  chain output {',
    '    type filter hook output priority -5; policy accept;',
    `    oifname ${OURS} ct direction reply ct state established goto answered_here`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority -5; policy accept;',
    `    iifname ${OURS} goto through_node`,
    ...(behind.length > 0 ? [`    oifname ${OURS} goto out_of_ranges`] : []),
    `    oifname ${OURS} counter drop`,
    ...(closed.length > 0 ? [`    meta nfproto ipv6 iifname ${apart} oifname ${apart} counter drop`] : []),
    '  }',
    '  chain passing_by {',
    '    type filter hook prerouting priority -300; policy accept;',
    ...(self.forwards ? untracked(self, both) : []),
    '  }',
    // No end of a TCP flow sends more at once than the ways there and back carry, whatever becomes of ICMP.
    '  chain clamp {',
    '    type filter hook forward priority -4; policy accept;',
    '    iifname "skein*" tcp flags syn tcp option maxseg size set rt mtu',
    '    oifname "skein*" tcp flags syn tcp option maxseg size set rt mtu',
    '  }',
  ];
  return lines.join('\n');
}

/**
 * What a gateway passes on, or who carries a range lets in and out. It keeps no state, for an answer may come back by
 * another gateway than the question went out by: a packet passes where a rule lets it begin something, or answer it. The
 * target's own filter sees both ways. What goes through a gateway is between clusters; what is behind a carrier may
 * speak with its own cluster too.
 */
function begunAndAnswered(where: 'through' | 'behind', self: MapSelf, sets: Sets, each: Each): string[] {
  const verdict = (rule: MapRule) => (rule.action === 'allow' ? 'accept' : 'return');
  const { withinCluster, elsewhere } = self.defaults;
  const own = ownCidrs(self);
  const otherwise = [
    ...(where === 'behind' && withinCluster !== elsewhere
      ? each(
          ({ ip, cidrs }) =>
            `    ${ip} saddr ${cidrs(own)} ${ip} daddr ${cidrs(own)} ${withinCluster === 'allow' ? 'accept' : 'return'}`,
        )
      : []),
    ...(elsewhere === 'allow' ? ['    accept'] : []),
  ];
  return [
    `  chain begun_${where} {`,
    ...self.passing.flatMap((rule) =>
      each(
        (family) =>
          `    ${line(sets.is(family, 'saddr', rule.from), sets.is(family, 'daddr', rule.to ?? ''), begins(family, rule), verdict(rule))}`,
      ),
    ),
    ...otherwise,
    '  }',
    `  chain answered_${where} {`,
    '    tcp flags & (syn | ack) == syn return',
    ...self.passing.flatMap((rule) =>
      each(
        (family) =>
          `    ${line(sets.is(family, 'daddr', rule.from), sets.is(family, 'saddr', rule.to ?? ''), answers(family, rule), verdict(rule))}`,
      ),
    ),
    ...otherwise,
    '  }',
  ];
}

/**
 * What a gateway only passes on is no flow of its own: it may see half of it. Conntrack would take such halves for
 * invalid, which networks of pods and of containers drop, and these would masquerade the rest.
 */
function untracked(self: MapSelf, both: Each): string[] {
  const overlay = overlayCidrs(self);
  const here = [self.overlayAddress, ...behindNode(self).map(({ overlayCidr }) => overlayCidr)];
  return both(
    ({ ip, cidrs }) =>
      `    iifname ${OURS} ${ip} daddr ${cidrs(overlay)} ${ip} daddr != ${cidrs(here)} notrack`,
  );
}

function passing(self: MapSelf, both: Each): string[] {
  const [own, overlay] = [ownCidrs(self), overlayCidrs(self)];
  return [
    `    oifname != ${OURS} counter drop`,
    ...both(({ ip, cidrs }) => `    ${ip} saddr != ${cidrs(overlay)} counter drop`),
    ...both(({ ip, cidrs }) => `    ${ip} daddr != ${cidrs(overlay)} counter drop`),
    ...both(({ ip, cidrs }) => `    ${ip} saddr ${cidrs(own)} accept`),
    // What only passes by is judged where it arrives.
    ...both(
      ({ ip, cidrs }) =>
        `    ${ip} daddr != ${cidrs(own)} ${MORE_THAN_ONE_HOP.includes(self.topology) ? 'accept' : 'counter drop'}`,
    ),
    ...both(({ icmp, errors }) => `    ${icmp} type { ${errors} } accept`),
    '    jump begun_through',
    '    jump answered_through',
  ];
}

/** The set of all addresses: whatever else comes is dropped before any rule is asked. */
const ANY = 'any';

interface Sets {
  /** The sets of more than one range, as nftables declares them. */
  readonly lines: readonly string[];
  /** What matches a packet's address against a set; nothing where the set is the whole network. */
  is(family: Family, address: 'saddr' | 'daddr', id: string): string;
  touches(id: string, ranges: readonly string[]): boolean;
}

function setsOf(map: NetworkMap, families: readonly Family[]): Sets {
  const words = new Map<string, (family: Family) => string>();
  const lines: string[] = [];
  const cidrs = new Map(map.addressSets.map((set) => [set.id, set.cidrs]));
  for (const [index, set] of map.addressSets.entries()) {
    const [first = ''] = set.cidrs;
    if (set.cidrs.length === 1 || set.id === ANY) {
      words.set(set.id, ({ cidr }) => (set.id === ANY ? '' : cidr(first)));
      continue;
    }
    words.set(set.id, (family) => `@${family.set.name}_${index}`);
    for (const family of families)
      lines.push(
        `  set ${family.set.name}_${index} {`,
        `    type ${family.set.type}; flags interval;`,
        `    elements = { ${set.cidrs.map(family.cidr).join(', ')} }`,
        '  }',
      );
  }
  return {
    lines,
    is: (family, address, id) => {
      const word = words.get(id)?.(family);
      if (word === undefined) throw new Error(`the map has no address set ${id}`);
      return word === '' ? '' : `${family.ip} ${address} ${word}`;
    },
    touches: (id, ranges) =>
      (cidrs.get(id) ?? []).some((one) => ranges.some((range) => overlaps(one, range))),
  };
}

const line = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
const judged = (rule: MapRule): string => (rule.action === 'allow' ? 'accept' : 'counter drop');

/** Matches what a rule lets begin. */
function begins({ icmp }: Family, rule: MapRule): string {
  return rule.protocol === 'icmp' ? `${icmp} type echo-request` : transport(rule, 'dport');
}

/** Matches what answers it. */
function answers({ icmp }: Family, rule: MapRule): string {
  return rule.protocol === 'icmp' ? `${icmp} type echo-reply` : transport(rule, 'sport');
}

function transport({ protocol, ports }: MapRule, side: 'sport' | 'dport'): string {
  if (protocol === 'any') return '';
  if (ports.length === 0) return `meta l4proto ${protocol}`;
  return `${protocol} ${side} { ${ports.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(', ')} }`;
}

/** Names the chain by which an applied filter is known again. */
export function markOf(rules: string): string {
  return `applied_${createHash('sha256').update(rules).digest('hex').slice(0, 16)}`;
}

/** The rules as one transaction for `nft -f -`: the old table goes and the new one comes at the same instant. */
export function renderReplacement(rules: string): string {
  return `table ${TABLE}\ndelete table ${TABLE}\ntable ${TABLE} {\n  chain ${markOf(rules)} {\n  }\n${rules}\n}\n`;
}
