/**
 * Firewall rules between the form of a network security group and ours. Pure.
 *
 * Azure lets in whatever comes from within the virtual network and from networks that are peered with it, unless a rule
 * says no. So the last rule of each group of ours says no to all that no rule before it lets in.
 */
import type { SecurityRule } from '@azure/arm-network';
import { CloudError, type FirewallRule } from '../provider.ts';
import { type Permission, permissionsOf, rulesOf } from '../rule-set.ts';

/** What Azure takes: rules of one group, sources of one rule. */
const MOST_RULES = 1000;
const MOST_SOURCES = 4000;
const FIRST_PRIORITY = 100;
const LAST_PRIORITY = 4096;

const CLOSING: SecurityRule = {
  name: 'nothing-else',
  description: 'Nothing comes in but what the rules above let in.',
  direction: 'Inbound',
  access: 'Deny',
  priority: LAST_PRIORITY,
  protocol: '*',
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '*',
};

/**
 * All rules of a group, the closing one last. The same rules always get the same names and priorities.
 * @throws CloudError `invalid` for a source that is the whole world, `quota` where a group cannot hold them.
 */
export function wantedRules(rules: readonly FirewallRule[]): SecurityRule[] {
  const wanted = rulesOf(permissionsOf(rules)).flatMap((rule) => {
    const count = Math.ceil(rule.cidrs.length / MOST_SOURCES);
    return Array.from({ length: count }, (_, i) => ({
      rule,
      part: i,
      cidrs: rule.cidrs.slice(i * MOST_SOURCES, (i + 1) * MOST_SOURCES),
    }));
  });
  if (wanted.length >= MOST_RULES) {
    throw new CloudError(
      'quota',
      `A network security group cannot hold the ${wanted.length} rules it needs.`,
      {
        remedy: 'Use fewer ports or fewer gateways.',
      },
    );
  }
  const allowing = wanted.map(({ rule, part, cidrs }, i): SecurityRule => {
    const { protocol, fromPort, toPort } = rule;
    const ports = fromPort === toPort ? `${fromPort}` : `${fromPort}-${toPort}`;
    return {
      name: `${protocol}-${ports}-${part}`,
      description: rule.description.slice(0, 140),
      direction: 'Inbound',
      access: 'Allow',
      priority: FIRST_PRIORITY + i,
      protocol: protocol === 'udp' ? 'Udp' : 'Tcp',
      sourceAddressPrefixes: [...cidrs],
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: ports,
    };
  });
  return [...allowing, { ...CLOSING }];
}

export interface HeldRules {
  permissions: Permission[];
  /** In words: what our form cannot say, and what is missing of the closing rule. */
  foreign: string[];
}

/** @param held the group's own rules, without the ones that every group has. */
export function heldRules(held: readonly SecurityRule[] | undefined): HeldRules {
  const permissions: Permission[] = [];
  const foreign: string[] = [];
  let closed = false;
  for (const rule of held ?? []) {
    if (isClosing(rule)) closed = true;
    else {
      const plain = permissionsIn(rule);
      if (plain) permissions.push(...plain);
      else foreign.push(inWords(rule));
    }
  }
  if (!closed) foreign.push('nothing says no to what Azure lets in from within the virtual network');
  return { permissions, foreign: foreign.sort() };
}

/** A list of Azure's, which stands in one field or in the other. */
const both = (one: string | undefined, several: readonly string[] | undefined) =>
  several && several.length > 0 ? [...several] : one ? [one] : [];
const isAny = (values: readonly string[]) => values.length === 1 && values[0] === '*';
const same = (value: string | undefined, wanted: string) => value?.toLowerCase() === wanted;

function isClosing(rule: SecurityRule): boolean {
  return (
    same(rule.direction, 'inbound') &&
    same(rule.access, 'deny') &&
    rule.priority === LAST_PRIORITY &&
    rule.protocol === '*' &&
    isAny(both(rule.sourceAddressPrefix, rule.sourceAddressPrefixes)) &&
    isAny(both(rule.sourcePortRange, rule.sourcePortRanges)) &&
    isAny(both(rule.destinationAddressPrefix, rule.destinationAddressPrefixes)) &&
    isAny(both(rule.destinationPortRange, rule.destinationPortRanges)) &&
    !rule.sourceApplicationSecurityGroups?.length &&
    !rule.destinationApplicationSecurityGroups?.length
  );
}

/** The rule as permissions, where it is one that we could have made. */
function permissionsIn(rule: SecurityRule): Permission[] | undefined {
  const protocol = rule.protocol?.toLowerCase();
  if (protocol !== 'udp' && protocol !== 'tcp') return undefined;
  const plain =
    same(rule.direction, 'inbound') &&
    same(rule.access, 'allow') &&
    isAny(both(rule.sourcePortRange, rule.sourcePortRanges)) &&
    isAny(both(rule.destinationAddressPrefix, rule.destinationAddressPrefixes)) &&
    !rule.sourceApplicationSecurityGroups?.length &&
    !rule.destinationApplicationSecurityGroups?.length;
  if (!plain) return undefined;
  const ports = both(rule.destinationPortRange, rule.destinationPortRanges).map(portsIn);
  const cidrs = both(rule.sourceAddressPrefix, rule.sourceAddressPrefixes).map(cidrIn);
  if (ports.length === 0 || cidrs.length === 0) return undefined;
  const found: Permission[] = [];
  for (const range of ports) {
    for (const cidr of cidrs) {
      if (!range || !cidr) return undefined;
      found.push({ protocol, ...range, cidr, description: rule.description ?? '' });
    }
  }
  return found;
}

function portsIn(text: string): { fromPort: number; toPort: number } | undefined {
  if (text === '*') return { fromPort: 0, toPort: 65_535 };
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return from === undefined ? undefined : { fromPort: Number(from), toPort: Number(to) };
}

/** An IPv4 range. The world by its other names is the world; groups of addresses by name are no ranges. */
function cidrIn(text: string): string | undefined {
  if (/^(\*|internet|any)$/i.test(text)) return '0.0.0.0/0';
  const [, address, length = '32'] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  return address === undefined ? undefined : `${address}/${length}`;
}

function inWords(rule: SecurityRule): string {
  const from = both(rule.sourceAddressPrefix, rule.sourceAddressPrefixes).join(', ') || 'a group';
  const ports = both(rule.destinationPortRange, rule.destinationPortRanges).join(', ');
  const what = `${rule.protocol === '*' ? 'anything' : (rule.protocol ?? '').toLowerCase()} ${ports}`;
  return `${rule.access} ${rule.direction} ${what} from ${from} (rule ${rule.name})`.toLowerCase();
}
