/**
 * A realm's edge as nftables text. Pure.
 *
 * Every packet of a realm passes its edge's `forward` chain, between two machines of one subnet too: machines hang on
 * links of their own, not on a bridge. A security group is asked for every packet, by what the flow's first packet
 * was (`ct original`), in both directions: so what it allows is stateful, and taking a permission back cuts living
 * flows at once, with nothing to delete from the connection table.
 */
import { disjoint } from './cidrs.ts';
import { type GroundRule, INTERNET, type Machine, type Realm, SERVICES } from './ground.ts';
import { addressAfter, linkName, METADATA_ADDRESS, SERVICES_LINK, TRANSIT } from './names.ts';
import type { EdgePeering } from './plan-peering.ts';

/** The realm's link to the internet, in its edge. */
export const UPLINK = 'internet';

/** The table of one edge; `numbers` are those of `numbered`. Replaces, in one transaction, what stood before. */
export function renderEdge(
  realm: Realm,
  machines: readonly Machine[],
  numbers: Readonly<Record<string, number>>,
  peerings: readonly EdgePeering[],
): string {
  const links = machines.map((machine) => ({ machine, link: linkName('m', machine.id) }));
  const published = realm.internet ? machines.filter(({ publicAddress }) => publicAddress !== null) : [];
  const peers = peerings.map(({ link }) => link);
  const outer = `{ "${UPLINK}", "${SERVICES_LINK}" }`;
  const lines = [
    'table inet ground',
    'delete table inet ground',
    'table inet ground {',
    ...table('map inward', 'type ipv4_addr : ipv4_addr', published.map((m) => `${m.publicAddress} : ${m.privateAddress}`)),
    ...table('map outward', 'type ipv4_addr : ipv4_addr', published.map((m) => `${m.privateAddress} : ${m.publicAddress}`)),
    ...table('map asker', 'type ipv4_addr : ipv4_addr', machines.map((m) => `${m.privateAddress} : ${addressAfter(TRANSIT.machines, numbers[m.id] as number)}`)),
    ...table('set own', 'type ifname . ipv4_addr', links.map(({ machine, link }) => `"${link}" . ${machine.privateAddress}`)),
    ...table('set forwarders', 'type ifname', links.filter(({ machine }) => machine.forwards).map(({ link }) => `"${link}"`)),
    ...table('set reachable', 'type ipv4_addr', published.map((m) => m.publicAddress as string)),
    ...table('set leaving', 'type ipv4_addr', published.map((m) => m.privateAddress)),
    '  chain source {',
    '    type filter hook prerouting priority raw; policy accept;',
    '    iifname "m*" iifname != @forwarders iifname . ip saddr != @own drop',
    `    iifname "${UPLINK}" ip daddr != @reachable drop`,
    `    iifname "${UPLINK}" ip saddr != ${INTERNET.cidr} drop`,
    // What comes over a peering was sent in the other realm, and for this one: peerings are not passed through.
    ...peerings.map(({ link, sources }) => `    iifname "${link}"${sources.length > 0 ? ` ip saddr != { ${sources.join(', ')} }` : ''} drop`),
    `    iifname "${SERVICES_LINK}" ip saddr != { ${TRANSIT.gateway}, ${SERVICES.cidr} } drop`,
    '  }',
    '  chain arrive {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    `    iifname ${outer} dnat ip to ip daddr map @inward`,
    `    iifname "m*" ip daddr ${METADATA_ADDRESS} tcp dport 80 dnat ip to ${TRANSIT.gateway}`,
    `    iifname "m*" ip daddr ${realm.resolver} meta l4proto { tcp, udp } th dport 53 dnat ip to ${TRANSIT.gateway}`,
    '  }',
    '  chain leave {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    oifname "${SERVICES_LINK}" ip daddr ${TRANSIT.gateway} snat ip to ip saddr map @asker`,
    `    oifname ${outer} snat ip to ip saddr map @outward`,
    '  }',
    ...links.flatMap(({ machine, link }) => [...chain(`in_${link}`, machine.ingress, 'saddr'), ...chain(`out_${link}`, machine.egress, 'daddr')]),
    ...verdicts('from_link', 'iifname', 'out', links.map(({ link }) => link), peers),
    ...verdicts('to_link', 'oifname', 'in', links.map(({ link }) => link), peers),
    ...verdicts('back_from_link', 'iifname', 'in', links.map(({ link }) => link), peers),
    ...verdicts('back_to_link', 'oifname', 'out', links.map(({ link }) => link), peers),
    '  chain forward {',
    '    type filter hook forward priority filter; policy drop;',
    '    ct state invalid drop',
    '    ct state related accept',
    `    oifname "${SERVICES_LINK}" ip daddr ${TRANSIT.gateway} ct status dnat accept`,
    `    iifname "${SERVICES_LINK}" ip saddr ${TRANSIT.gateway} ct direction reply accept`,
    `    oifname ${outer} ip saddr != @leaving drop`,
    '    iifname "p*" oifname != "m*" drop',
    '    oifname "p*" iifname != "m*" drop',
    '    ct direction original jump from_link',
    '    ct direction original jump to_link',
    '    ct direction reply jump back_from_link',
    '    ct direction reply jump back_to_link',
    '    accept',
    '  }',
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    iifname "m*" icmp type echo-request accept',
    '  }',
    '}',
  ]; // biome-ignore format: reads as the table it makes
  return `${lines.join('\n')}\n`;
}

function table(name: string, type: string, elements: readonly string[]): string[] {
  const list = elements.length === 0 ? '' : ` elements = { ${[...elements].sort().join(', ')} };`;
  return [`  ${name} { ${type};${list} }`];
}

/** Which group a packet must pass at a link; the outer links and those to peered realms have none. An unknown link passes nothing. */
function verdicts(
  name: string,
  at: 'iifname' | 'oifname',
  group: 'in' | 'out',
  links: readonly string[],
  peers: readonly string[],
): string[] {
  const known = [
    `"${UPLINK}" : return`,
    `"${SERVICES_LINK}" : return`,
    ...peers.map((link) => `"${link}" : return`),
    ...links.map((link) => `"${link}" : goto ${group}_${link}`),
  ];
  return [`  chain ${name} {`, `    ${at} vmap { ${known.join(', ')} }`, '    drop', '  }'];
}

/** A security group's rules in one direction: what matches returns, the rest is dropped. */
function chain(name: string, rules: readonly GroundRule[], peer: 'saddr' | 'daddr'): string[] {
  return [
    `  chain ${name} {`,
    ...rules.flatMap((rule) => render(rule, peer)).map((line) => `    ${line}`),
    '    drop',
    '  }',
  ];
}

function render(rule: GroundRule, peer: 'saddr' | 'daddr'): string[] {
  const cidrs = disjoint(rule.cidrs);
  if (cidrs.length === 0) return [];
  const whole = cidrs[0] === '0.0.0.0/0';
  const address = whole ? [] : [`ct original ip ${peer} { ${cidrs.join(', ')} }`];
  const all = rule.protocol === 'all';
  const ported = rule.protocol === 'tcp' || rule.protocol === 'udp';
  const ports =
    ported && !(rule.fromPort <= 0 && rule.toPort >= 65_535)
      ? [`ct original proto-dst ${portRange(rule)}`]
      : [];
  return [[...(all ? [] : [`meta l4proto ${rule.protocol}`]), ...ports, ...address, 'return'].join(' ')];
}

function portRange({ fromPort, toPort }: GroundRule): string {
  return fromPort === toPort ? String(fromPort) : `${fromPort}-${toPort}`;
}
