/**
 * Permissions as blocks, for clouds whose rules allow and deny by priority: the ground only allows, so denials are cut
 * out of what weaker rules allow. Pure.
 */
import type { GroundRule } from './ground.ts';
import { blocksOf } from './ranges.ts';

/** A block of permissions: one protocol, its ports, a run of addresses; all bounds inclusive. */
export interface Box {
  protocol: Protocol;
  ports: [number, number];
  addresses: [number, number];
}
/** `other`: every protocol but the three the ground knows by name. */
export type Protocol = 'tcp' | 'udp' | 'icmp' | 'other';
export const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'icmp', 'other'];
export const ALL_PORTS: [number, number] = [0, 65535];

/** Everything there is. */
export const world = (): Box[] =>
  PROTOCOLS.map((protocol) => ({ protocol, ports: ALL_PORTS, addresses: [0, 2 ** 32 - 1] }));

/** What is left of `box` without `hole`. */
export function cut(box: Box, hole: Box): Box[] {
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
export function toRules(boxes: readonly Box[]): GroundRule[] {
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
