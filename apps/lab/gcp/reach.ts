/**
 * A network's firewall rules, as far as they concern one instance, as plain permissions. Google's rules allow and
 * deny by priority; the ground only allows, so denials are cut out of what weaker rules allow. Pure.
 */
import { type Box, cut, PROTOCOLS, type Protocol, toRules, world } from '../ground/boxes.ts';
import type { GroundRule } from '../ground/ground.ts';
import { parseRange } from '../ground/ranges.ts';
import { type Firewall, type Instance, type Project, sorted, type Traffic } from './state.ts';

const BY_NUMBER: Record<string, Protocol> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** Who may send to the instance and whom it may send to. Without rules: nobody, and everybody. */
export function rulesOf(project: Project, it: Instance): { ingress: GroundRule[]; egress: GroundRule[] } {
  const mine = sorted(project.firewalls).filter(
    (each) =>
      each.network === it.network &&
      !each.disabled &&
      (each.targetTags.length === 0 || each.targetTags.some((tag) => it.tags.includes(tag))),
  );
  return {
    ingress: resolve(
      mine.filter((each) => each.direction === 'INGRESS'),
      (each) => sourcesOf(project, each),
      [],
    ),
    egress: resolve(
      mine.filter((each) => each.direction === 'EGRESS'),
      (each) => each.destinationRanges,
      world(),
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
