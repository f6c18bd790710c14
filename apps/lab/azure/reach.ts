/**
 * Network security groups, as far as they concern one interface, as plain permissions. A packet must pass the group of
 * the interface and that of its subnet; in each the strongest rule that matches decides. The ground only allows, so
 * denials are cut out of what weaker rules allow. Pure.
 */
import { type Box, cut, PROTOCOLS, type Protocol, toRules, world } from '../ground/boxes.ts';
import type { GroundRule } from '../ground/ground.ts';
import { parseAddress, parseRange } from '../ground/ranges.ts';
import type { NetworkInterface } from './network/network-interface.ts';
import { connectedPairs, type Peering } from './network/peering.ts';
import { DEFAULT_RULES, type SecurityRule } from './network/security-group.ts';
import type { Subnet, VirtualNetwork } from './network/virtual-network.ts';
import { childrenOf, find, keyOf, parentIdOf, type Resource, type Subscription } from './state.ts';
import { RULE } from './type.ts';

type Addresses = [number, number];
const ANYWHERE: Addresses = [0, 2 ** 32 - 1];
/** Azure's own address, from which it asks after machines and answers names. */
const AZURE: Addresses[] = [[parseAddress('168.63.129.16') ?? 0, parseAddress('168.63.129.16') ?? 0]];

/** What `VirtualNetwork` means at an interface: its network's ranges and those of the networks peered with it. */
function networkRanges(subscription: Subscription, network: Resource<VirtualNetwork>): Addresses[] {
  const peered = connectedPairs(subscription).flatMap(([a, b]) => {
    const halves: [Resource<Peering>, Resource<Peering>][] = [
      [a, b],
      [b, a],
    ];
    return halves.flatMap(([near, far]) => {
      const here =
        keyOf(parentIdOf(near.id)) === keyOf(network.id) && near.properties.allowVirtualNetworkAccess;
      const other = here ? find<VirtualNetwork>(subscription, parentIdOf(far.id)) : undefined;
      return other?.properties.prefixes ?? [];
    });
  });
  return [...network.properties.prefixes, ...peered].flatMap(rangeOf);
}

const rangeOf = (text: string): Addresses[] => {
  const range = parseRange(text);
  return range ? [[range.from, range.to]] : [];
};

/** Who may send to the interface, and whom it may send to. */
export function rulesOf(
  subscription: Subscription,
  nic: Resource<NetworkInterface>,
): { ingress: GroundRule[]; egress: GroundRule[] } {
  const subnet = find<Subnet>(subscription, nic.properties.subnet);
  const network = subnet && find<VirtualNetwork>(subscription, parentIdOf(subnet.id));
  if (!subnet || !network) throw new Error(`interface ${nic.id} stands in a subnet that is not there`);
  const near = networkRanges(subscription, network);
  const groups = [nic.properties.securityGroup, subnet.properties.securityGroup].filter(
    (each) => each !== null,
  );
  const own = parseAddress(nic.properties.privateAddress) ?? 0;
  const rules = (direction: SecurityRule['direction']) => {
    const lists = groups.map((group) =>
      allowed(
        [...childrenOf<SecurityRule>(subscription, group, RULE), ...DEFAULT_RULES]
          .map(({ properties }) => properties)
          .filter((each) => each.direction === direction),
        near,
        own,
      ),
    );
    // Without any group a standard address lets nobody in from outside; its neighbours may come.
    const [first = direction === 'Outbound' ? world() : boxes(PROTOCOLS, ['*'], near), ...more] = lists;
    return toRules(more.reduce(intersection, first));
  };
  return { ingress: rules('Inbound'), egress: rules('Outbound') };
}

/** What one group's rules of one direction allow at the address `own`. */
export function allowed(rules: readonly SecurityRule[], near: readonly Addresses[], own: number): Box[] {
  // Strongest last: a denial takes away from all that weaker ones gave.
  const order = [...rules].sort((a, b) => b.priority - a.priority);
  let result: Box[] = [];
  for (const rule of order) {
    const inbound = rule.direction === 'Inbound';
    const ownSide = addressesOf(inbound ? rule.destinations : rule.sources, near);
    if (!ownSide.some(([from, to]) => from <= own && own <= to)) continue;
    // The ground cannot tell source ports: a rule that asks for some allows nothing, and denies all.
    if (rule.access === 'Allow' && !rule.sourcePorts.includes('*')) continue;
    const these = boxes(
      protocolsOf(rule.protocol),
      rule.destinationPorts,
      addressesOf(inbound ? rule.sources : rule.destinations, near),
    );
    const rest = these.reduce<Box[]>((left, hole) => left.flatMap((each) => cut(each, hole)), result);
    result = rule.access === 'Allow' ? [...rest, ...these] : rest;
  }
  return result;
}

/** What both allow: the one without what the other leaves out. */
function intersection(a: readonly Box[], b: readonly Box[]): Box[] {
  const outside = b.reduce<Box[]>((left, hole) => left.flatMap((each) => cut(each, hole)), world());
  return outside.reduce<Box[]>((left, hole) => left.flatMap((each) => cut(each, hole)), [...a]);
}

function boxes(
  protocols: readonly Protocol[],
  ports: readonly string[],
  addresses: readonly Addresses[],
): Box[] {
  return protocols.flatMap((protocol) =>
    ports.flatMap((text) => {
      const ported = protocol === 'tcp' || protocol === 'udp';
      // Ports mean nothing to the others, which only a rule for all ports is about.
      if (!ported && text !== '*') return [];
      const [from = 0, to = from] = text === '*' ? [0, 65_535] : text.split('-').map(Number);
      return addresses.map((range): Box => ({ protocol, ports: [from, to], addresses: range }));
    }),
  );
}

/** Protocols the ground cannot name (ESP, AH) come down to nothing. */
const protocolsOf = (name: SecurityRule['protocol']): readonly Protocol[] =>
  name === '*' ? PROTOCOLS : PROTOCOLS.filter((each) => each === name.toLowerCase());

function addressesOf(prefixes: readonly string[], near: readonly Addresses[]): Addresses[] {
  return prefixes.flatMap((text): Addresses[] => {
    switch (text.toLowerCase()) {
      case '*':
        return [ANYWHERE];
      case 'virtualnetwork':
        return [...near];
      case 'azureloadbalancer':
        return AZURE;
      case 'internet':
        return near.reduce<Addresses[]>(
          (left, hole) => left.flatMap((each) => without(each, hole)),
          [ANYWHERE],
        );
      default:
        return rangeOf(text);
    }
  });
}

function without([from, to]: Addresses, [first, last]: Addresses): Addresses[] {
  if (last < from || first > to) return [[from, to]];
  const left: Addresses[] = [];
  if (from < first) left.push([from, first - 1]);
  if (last < to) left.push([last + 1, to]);
  return left;
}
