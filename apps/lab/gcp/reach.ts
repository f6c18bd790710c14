/**
 * A network's firewall rules, as far as they concern one instance, as plain permissions. Google's rules allow and
 * deny by priority; the ground only allows, so denials are cut out of what weaker rules allow. Pure.
 */
import type { GroundRule } from '../ground/ground.ts';
import { blocksOf, parseRange } from './ranges.ts';
import { type Firewall, type Instance, type Project, sorted, type Traffic } from './state.ts';

/** A block of permissions: one protocol, its ports, a run of addresses; all bounds inclusive. */
interface Box {
  protocol: Protocol;
  ports: [number, number];
  addresses: [number, number];
}
/** `other`: every protocol but the three the ground knows by name. */
type Protocol = 'tcp' | 'udp' | 'icmp' | 'other';
const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'icmp', 'other'];
const ALL_PORTS: [number, number] = [0, 65535];
const BY_NUMBER: Record<string, Protocol> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** Who may send to the instance and whom it may send to. Without rules: nobody, and everybody. */
export function rulesOf(project: Project, it: Instance): { ingress: GroundRule[]; egress: GroundRule[] } {
  const mine = sorted(project.firewalls).filter(
    (each) =>
      each.network === it.network &&
      !each.disabled &&
      (each.targetTags.length === 0 || each.targetTags.some((tag) => it.tags.includes(tag))),
  );
  const world: Box[] = PROTOCOLS.map((protocol) => ({
    protocol,
    ports: ALL_PORTS,
    addresses: [0, 2 ** 32 - 1],
  }));
  return {
    ingress: resolve(
      mine.filter((each) => each.direction === 'INGRESS'),
      (each) => sourcesOf(project, each),
      [],
    ),
    egress: resolve(
      mine.filter((each) => each.direction === 'EGRESS'),
      (each) => each.destinationRanges,
      world,
    ),
  };
}

/** Ranges and, for source tags, the private addresses of the tagged instances of the network. */
function sourcesOf(project: Project, rule: Firewall): string[] {
  const tagged = sorted(project.instances).filter(
    (each) =>
      each.network === rule.network &&
      (each.status === 'PROVISIONING' || each.status === 'RUNNING') &&
      rule.sourceTags.some((tag) => each.tags.includes(tag)),
  );
  return [...rule.sourceRanges, ...tagged.map((each) => `${each.privateAddress}/32`)];
}

function resolve(
  rules: readonly Firewall[],
  rangesOf: (rule: Firewall) => string[],
  implied: readonly Box[],
): GroundRule[] {
  // Strongest last: a denial takes away from all that weaker ones gave; of equal priority the denial wins.
  const order = [...rules].sort(
    (a, b) => b.priority - a.priority || Number(a.denied.length > 0) - Number(b.denied.length > 0),
  );
  let allowed: Box[] = [...implied];
  for (const rule of order) {
    const denies = rule.denied.length > 0;
    const boxes = boxesOf(denies ? rule.denied : rule.allowed, rangesOf(rule));
    allowed = denies
      ? boxes.reduce<Box[]>((rest, box) => rest.flatMap((each) => cut(each, box)), allowed)
      : [...allowed, ...boxes];
  }
  return toRules(allowed);
}

function boxesOf(traffic: readonly Traffic[], ranges: readonly string[]): Box[] {
  return traffic.flatMap((each) =>
    protocolsOf(each.IPProtocol).flatMap((protocol) =>
      (each.ports ?? ['0-65535']).flatMap((ports) =>
        ranges.flatMap((text): Box[] => {
          const range = parseRange(text);
          const [from = 0, to = from] = ports.split('-').map(Number);
          return range ? [{ protocol, ports: [from, to], addresses: [range.from, range.to] }] : [];
        }),
      ),
    ),
  );
}

/** Protocols the ground cannot name (ESP, SCTP, …) come down to nothing. */
function protocolsOf(name: string): readonly Protocol[] {
  if (name === 'all') return PROTOCOLS;
  const known = BY_NUMBER[name] ?? name;
  return PROTOCOLS.filter((each) => each !== 'other' && each === known);
}

/** What is left of `box` without `hole`. */
function cut(box: Box, hole: Box): Box[] {
  const ports = meet(box.ports, hole.ports);
  const addresses = meet(box.addresses, hole.addresses);
  if (box.protocol !== hole.protocol || !ports || !addresses) return [box];
  const rest: Box[] = [];
  for (const range of outside(box.addresses, addresses)) rest.push({ ...box, addresses: range });
  for (const range of outside(box.ports, ports)) rest.push({ ...box, addresses, ports: range });
  return rest;
}

function meet(a: [number, number], b: [number, number]): [number, number] | undefined {
  const from = Math.max(a[0], b[0]);
  const to = Math.min(a[1], b[1]);
  return from <= to ? [from, to] : undefined;
}

function outside(whole: [number, number], part: [number, number]): [number, number][] {
  const rest: [number, number][] = [];
  if (whole[0] < part[0]) rest.push([whole[0], part[0] - 1]);
  if (part[1] < whole[1]) rest.push([part[1] + 1, whole[1]]);
  return rest;
}

/** Boxes of the same protocol and ports become one rule; where all four protocols agree, one rule for all. */
function toRules(boxes: readonly Box[]): GroundRule[] {
  const grouped = new Map<string, { protocol: Protocol; ports: [number, number]; cidrs: Set<string> }>();
  for (const box of boxes) {
    const key = `${box.protocol} ${box.ports.join('-')}`;
    const group = grouped.get(key) ?? { protocol: box.protocol, ports: box.ports, cidrs: new Set<string>() };
    for (const cidr of blocksOf(box.addresses[0], box.addresses[1])) group.cidrs.add(cidr);
    grouped.set(key, group);
  }
  const rules: GroundRule[] = [];
  const everything = PROTOCOLS.map((protocol) => grouped.get(`${protocol} 0-65535`));
  // `other` alone has no name on the ground: an address keeps it only where all protocols are allowed.
  const common = [...(everything[3]?.cidrs ?? [])].filter((cidr) =>
    everything.every((each) => each?.cidrs.has(cidr)),
  );
  if (common.length > 0) rules.push({ protocol: 'all', fromPort: 0, toPort: 65535, cidrs: common.sort() });
  for (const [key, group] of [...grouped].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (group.protocol === 'other') continue;
    const whole = key.endsWith(' 0-65535');
    const cidrs = [...group.cidrs].filter((cidr) => !whole || !common.includes(cidr)).sort();
    if (cidrs.length > 0)
      rules.push({ protocol: group.protocol, fromPort: group.ports[0], toPort: group.ports[1], cidrs });
  }
  return rules;
}
