/** The node's own packet filter, as nftables text. It looks at the overlay's interfaces alone. */
import { createHash } from 'node:crypto';
import type { MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { overlaps } from '@skein/mesh/ipam/cidr.ts';
import { INTERFACES, PAIR_PORT, PATH_PORT, PROBE_PORT } from '../config.ts';

export const TABLE = 'inet skein';

/** All that may be ours: an interface whose plane is about to go must not pass the filter meanwhile. */
const OURS = `{ ${INTERFACES.map((name) => `"${name}"`).join(', ')} }`;
const PROBES = `{ ${PROBE_PORT}, ${PATH_PORT}, ${PAIR_PORT} }`;
/** Topologies in which a gateway passes on what is neither from its cluster nor for it. */
export const MORE_THAN_ONE_HOP: readonly NetworkMap['self']['topology'][] = ['hub', 'random', 'structured'];

/**
 * The rules that a map asks for. What others begin here is judged packet by packet by the network's policy, and what is
 * answered to it by the same rules the other way round: a permission taken back cuts flows that already run in both
 * directions, with no need to search conntrack. Answers to what this node began pass by their direction.
 */
export function renderFilter(map: NetworkMap): string {
  const { self } = map;
  const own = self.clusterOverlayCidr;
  const sets = setsOf(map);
  const ownIsOpen =
    self.defaults.withinCluster === 'allow' &&
    !self.rules.some((rule) => rule.action === 'deny' && sets.touches(rule.from, own));
  /** Everything of the own cluster that no rule has decided, and then of all others. */
  const defaults = (peer: 'ip saddr' | 'ip daddr') => {
    const { withinCluster, elsewhere } = self.defaults;
    return [
      ...(ownIsOpen || withinCluster === elsewhere
        ? []
        : [`    ${peer} ${own} ${withinCluster === 'allow' ? 'accept' : 'counter drop'}`]),
      elsewhere === 'allow' ? '    accept' : '    counter drop',
    ];
  };
  const lines = [
    ...sets.lines,
    '  chain begun_here {',
    ...self.rules.map((rule) => `    ${line(sets.is('saddr', rule.from), begins(rule), judged(rule))}`),
    ...defaults('ip saddr'),
    '  }',
    '  chain answered_here {',
    ...(ownIsOpen ? [`    ip daddr ${own} accept`] : []),
    ...(self.role === 'gateway' ? ['    meta l4proto { tcp, udp } th sport 53 accept'] : []),
    `    udp sport ${PROBES} accept`,
    ...self.rules.map((rule) => `    ${line(sets.is('daddr', rule.from), answers(rule), judged(rule))}`),
    ...defaults('ip daddr'),
    '  }',
    '  chain to_node {',
    ...(ownIsOpen ? [`    ip saddr ${own} accept`] : []),
    `    ip saddr != ${self.overlayCidr} counter drop`,
    `    ip daddr != ${self.overlayAddress} counter drop`,
    '    ct direction reply ct state established,related accept',
    '    meta l4proto icmp ct state related accept',
    // Names of a cluster are asked of its gateways; the probes are our own.
    ...(self.role === 'gateway' ? ['    meta l4proto { tcp, udp } th dport 53 accept'] : []),
    `    udp dport ${PROBES} accept`,
    '    goto begun_here',
    '  }',
    ...(self.forwards ? passing(map, sets) : ['  chain through_node {', '    counter drop', '  }']),
    '  chain input {',
    '    type filter hook input priority -5; policy accept;',
    `    iifname ${OURS} goto to_node`,
    // Nobody beside the tunnel may speak as a peer.
    `    iifname != "lo" ip saddr ${self.overlayCidr} counter drop`,
    '  }',
    '  chain output {',
    '    type filter hook output priority -5; policy accept;',
    `    oifname ${OURS} ct direction reply ct state established goto answered_here`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority -5; policy accept;',
    `    iifname ${OURS} goto through_node`,
    `    oifname ${OURS} counter drop`,
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
 * What a gateway passes on. It keeps no state, for an answer may come back by another gateway than the question went
 * out by: a packet passes where a rule lets it begin something, or answer it. The target's own filter sees both ways.
 */
function passing({ self }: NetworkMap, sets: Sets): string[] {
  const own = self.clusterOverlayCidr;
  const verdict = (rule: MapRule) => (rule.action === 'allow' ? 'accept' : 'return');
  const otherwise = self.defaults.elsewhere === 'allow' ? ['    accept'] : [];
  return [
    '  chain begun_through {',
    ...self.passing.map(
      (rule) =>
        `    ${line(sets.is('saddr', rule.from), sets.is('daddr', rule.to ?? ''), begins(rule), verdict(rule))}`,
    ),
    ...otherwise,
    '  }',
    '  chain answered_through {',
    '    tcp flags & (syn | ack) == syn return',
    ...self.passing.map(
      (rule) =>
        `    ${line(sets.is('daddr', rule.from), sets.is('saddr', rule.to ?? ''), answers(rule), verdict(rule))}`,
    ),
    ...otherwise,
    '  }',
    '  chain through_node {',
    `    oifname != ${OURS} counter drop`,
    `    ip saddr != ${self.overlayCidr} counter drop`,
    `    ip daddr != ${self.overlayCidr} counter drop`,
    `    ip saddr ${own} accept`,
    // What only passes by is judged where it arrives.
    `    ip daddr != ${own} ${MORE_THAN_ONE_HOP.includes(self.topology) ? 'accept' : 'counter drop'}`,
    '    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept',
    '    jump begun_through',
    '    jump answered_through',
    '    counter drop',
    '  }',
  ];
}

interface Sets {
  /** The sets of more than one range, as nftables declares them. */
  readonly lines: readonly string[];
  /** What matches a packet's address against a set; nothing where the set is the whole network. */
  is(address: 'saddr' | 'daddr', id: string): string;
  touches(id: string, cidr: string): boolean;
}

function setsOf(map: NetworkMap): Sets {
  const words = new Map<string, string>();
  const lines: string[] = [];
  const cidrs = new Map(map.addressSets.map((set) => [set.id, set.cidrs]));
  for (const [index, set] of map.addressSets.entries()) {
    if (set.cidrs.length === 1) {
      words.set(set.id, set.cidrs[0] ?? '');
      continue;
    }
    words.set(set.id, `@set_${index}`);
    lines.push(
      `  set set_${index} {`,
      '    type ipv4_addr; flags interval;',
      `    elements = { ${set.cidrs.join(', ')} }`,
      '  }',
    );
  }
  return {
    lines,
    is: (address, id) => {
      const word = words.get(id);
      if (word === undefined) throw new Error(`the map has no address set ${id}`);
      return word === map.self.overlayCidr ? '' : `ip ${address} ${word}`;
    },
    touches: (id, cidr) => (cidrs.get(id) ?? []).some((one) => overlaps(one, cidr)),
  };
}

const line = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
const judged = (rule: MapRule): string => (rule.action === 'allow' ? 'accept' : 'counter drop');

/** Matches what a rule lets begin. */
function begins(rule: MapRule): string {
  return rule.protocol === 'icmp' ? 'icmp type echo-request' : transport(rule, 'dport');
}

/** Matches what answers it. */
function answers(rule: MapRule): string {
  return rule.protocol === 'icmp' ? 'icmp type echo-reply' : transport(rule, 'sport');
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
