/** Network security groups and their rules. */

import { z } from 'zod';
import { parseRange } from '../../ground/ranges.ts';
import { API_VERSIONS } from '../catalog.ts';
import { type Kind, kind } from '../kind.ts';
import { show as showResource } from '../resource.ts';
import { childrenOf, keyOf, ofType, type Resource, type Subscription } from '../state.ts';
import { NIC, NSG, RULE, SUBNET } from '../type.ts';
import { resourceBody, shown } from '../wire/body.ts';
import { ArmError } from '../wire/error.ts';
import type { NetworkInterface } from './network-interface.ts';
import { inUse, quotaReached } from './refusal.ts';
import type { Subnet } from './virtual-network.ts';

const TAGS = ['Internet', 'VirtualNetwork', 'AzureLoadBalancer'];

export interface SecurityRule {
  description: string | null;
  protocol: 'Tcp' | 'Udp' | 'Icmp' | 'Esp' | 'Ah' | '*';
  sourcePorts: string[];
  destinationPorts: string[];
  sources: string[];
  destinations: string[];
  access: 'Allow' | 'Deny';
  priority: number;
  direction: 'Inbound' | 'Outbound';
}

/** Words of Azure's are the same in any case. */
const word = <const T extends string>(values: readonly [T, ...T[]]) =>
  z.string().transform((text, context): T => {
    const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    context.addIssue(`expected one of ${values.join(', ')}, not '${text}'`);
    return z.NEVER;
  });

const RuleBody = resourceBody(
  z.strictObject({
    description: z.string().max(140).optional(),
    protocol: word(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']),
    sourcePortRange: z.string().optional(),
    sourcePortRanges: z.array(z.string()).optional(),
    destinationPortRange: z.string().optional(),
    destinationPortRanges: z.array(z.string()).optional(),
    sourceAddressPrefix: z.string().optional(),
    sourceAddressPrefixes: z.array(z.string()).max(4000).optional(),
    destinationAddressPrefix: z.string().optional(),
    destinationAddressPrefixes: z.array(z.string()).max(4000).optional(),
    sourceApplicationSecurityGroups: z.array(z.never()).optional(),
    destinationApplicationSecurityGroups: z.array(z.never()).optional(),
    access: word(['Allow', 'Deny']),
    priority: z.int(),
    direction: word(['Inbound', 'Outbound']),
    provisioningState: shown,
  }),
  {},
);
type RuleBody = z.infer<typeof RuleBody>;

const invalidRule = (code: string, message: string) => new ArmError(400, code, message);

function planRule(body: Pick<RuleBody, 'properties'>, name: string): SecurityRule {
  const { properties } = body;
  const several = (one: string | undefined, more: string[] | undefined, what: string): string[] => {
    const values = more && more.length > 0 ? more : one === undefined ? [] : [one];
    if (values.length === 0)
      throw invalidRule(
        'SecurityRuleParameterNotSpecified',
        `Security rule parameter ${what} must be specified for ${name}.`,
      );
    return values;
  };
  if (properties.priority < 100 || properties.priority > 4096)
    throw invalidRule(
      'SecurityRuleInvalidPriority',
      `Security rule has invalid Priority. Value provided: ${properties.priority}. Allowed range 100-4096.`,
    );
  const rule: SecurityRule = {
    description: properties.description ?? null,
    protocol: properties.protocol,
    sourcePorts: several(properties.sourcePortRange, properties.sourcePortRanges, 'SourcePortRange'),
    destinationPorts: several(
      properties.destinationPortRange,
      properties.destinationPortRanges,
      'DestinationPortRange',
    ),
    sources: several(properties.sourceAddressPrefix, properties.sourceAddressPrefixes, 'SourceAddressPrefix'),
    destinations: several(
      properties.destinationAddressPrefix,
      properties.destinationAddressPrefixes,
      'DestinationAddressPrefix',
    ),
    access: properties.access,
    priority: properties.priority,
    direction: properties.direction,
  };
  for (const port of [...rule.sourcePorts, ...rule.destinationPorts]) checkPorts(port, name);
  for (const list of [rule.sources, rule.destinations]) checkPrefixes(list, name);
  return rule;
}

function checkPorts(text: string, rule: string): void {
  if (text === '*') return;
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (from === '' || Number(to) > 65_535 || Number(from) > Number(to))
    throw invalidRule(
      'SecurityRuleInvalidPortRange',
      `Security rule ${rule} has invalid Port range. Value provided: ${text}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535.`,
    );
}

function checkPrefixes(list: readonly string[], rule: string): void {
  for (const text of list) {
    const named = text === '*' || TAGS.some((tag) => tag.toLowerCase() === text.toLowerCase());
    if (named && list.length > 1)
      throw invalidRule(
        'SecurityRuleParameterContainsUnsupportedValue',
        `Security rule ${rule} holds '${text}' among several address prefixes: it must stand alone.`,
      );
    if (!named && !parseRange(text))
      throw invalidRule(
        'SecurityRuleInvalidAddressPrefix',
        `Security rule ${rule} has invalid Address prefix. Value provided: ${text}.`,
      );
  }
}

function checkPriorities(rules: readonly { name: string; properties: SecurityRule }[]): void {
  for (const [index, { name, properties }] of rules.entries()) {
    const twin = rules.find(
      (each, at) =>
        at < index &&
        each.properties.direction === properties.direction &&
        each.properties.priority === properties.priority,
    );
    if (twin)
      throw invalidRule(
        'SecurityRuleConflict',
        `Security rule ${name} conflicts with rule ${twin.name}. Rules cannot have the same Priority and Direction.`,
      );
  }
}

export const ruleKind: Kind = kind<RuleBody, SecurityRule>({
  type: RULE,
  apiVersions: API_VERSIONS.network,
  place: 'child',
  instant: false,
  body: RuleBody,
  write({ call, body, id, name, parent }) {
    const properties = planRule(body, name);
    const others = childrenOf<SecurityRule>(call.subscription, (parent as Resource).id, RULE).filter(
      (each) => keyOf(each.id) !== keyOf(id),
    );
    checkPriorities([...others, { name, properties }]);
    if (call.limits.full('SecurityRules', others.length + 1))
      throw quotaReached(
        'SecurityRuleCountLimitReached',
        'security rules',
        call.limits.limitOf('SecurityRules'),
        null,
      );
    return { properties };
  },
  show: (it) => showRule(it.properties),
  holders: () => [],
  held: () => new Error('nothing holds a rule'),
});

function showRule(it: SecurityRule): Record<string, unknown> {
  const either = (one: string, values: readonly string[]) =>
    values.length === 1
      ? { [one]: values[0], [`${one}${one.endsWith('x') ? 'es' : 's'}`]: [] }
      : { [`${one}${one.endsWith('x') ? 'es' : 's'}`]: values };
  return {
    ...(it.description === null ? {} : { description: it.description }),
    protocol: it.protocol,
    ...either('sourcePortRange', it.sourcePorts),
    ...either('destinationPortRange', it.destinationPorts),
    ...either('sourceAddressPrefix', it.sources),
    ...either('destinationAddressPrefix', it.destinations),
    access: it.access,
    priority: it.priority,
    direction: it.direction,
  };
}

const GroupBody = resourceBody(
  z
    .strictObject({
      securityRules: z.array(RuleBody.extend({ name: z.string() })).default([]),
      defaultSecurityRules: shown,
      networkInterfaces: shown,
      subnets: shown,
      flushConnection: shown,
      provisioningState: shown,
      resourceGuid: shown,
    })
    .default({ securityRules: [] }),
  {},
);

const rule = (
  name: string,
  priority: number,
  direction: SecurityRule['direction'],
  access: SecurityRule['access'],
  source: string,
  destination: string,
) => ({
  name,
  properties: {
    description: null,
    protocol: '*' as const,
    sourcePorts: ['*'],
    destinationPorts: ['*'],
    sources: [source],
    destinations: [destination],
    access,
    priority,
    direction,
  },
});
/** What every group has, weaker than all rules of its own. */
export const DEFAULT_RULES: readonly { name: string; properties: SecurityRule }[] = [
  rule('AllowVnetInBound', 65_000, 'Inbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  rule('AllowAzureLoadBalancerInBound', 65_001, 'Inbound', 'Allow', 'AzureLoadBalancer', '*'),
  rule('DenyAllInBound', 65_500, 'Inbound', 'Deny', '*', '*'),
  rule('AllowVnetOutBound', 65_000, 'Outbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  rule('AllowInternetOutBound', 65_001, 'Outbound', 'Allow', '*', 'Internet'),
  rule('DenyAllOutBound', 65_500, 'Outbound', 'Deny', '*', '*'),
];

const interfacesOf = (subscription: Subscription, id: string) =>
  ofType<NetworkInterface>(subscription, NIC).filter((nic) => nic.properties.securityGroup === keyOf(id));
const subnetsOf = (subscription: Subscription, id: string) =>
  ofType<Subnet>(subscription, SUBNET).filter((subnet) => subnet.properties.securityGroup === keyOf(id));

export const securityGroupKind: Kind = kind<z.infer<typeof GroupBody>, Record<string, never>>({
  type: NSG,
  apiVersions: API_VERSIONS.network,
  place: 'regional',
  instant: false,
  body: GroupBody,
  write({ call, body, present, location }) {
    const wanted = body.properties.securityRules.map((each) => ({
      name: each.name,
      properties: planRule(each, each.name),
    }));
    const names = new Set(wanted.map(({ name }) => name.toLowerCase()));
    if (names.size < wanted.length)
      throw new ArmError(400, 'InvalidRequestFormat', 'Two security rules have the same name.');
    checkPriorities(wanted);
    if (call.limits.full('SecurityRules', wanted.length))
      throw quotaReached(
        'SecurityRuleCountLimitReached',
        'security rules',
        call.limits.limitOf('SecurityRules'),
        location,
      );
    const there = ofType(call.subscription, NSG).filter((each) => each.location === location).length;
    if (!present && call.limits.full('NetworkSecurityGroups', there + 1))
      throw quotaReached(
        'NetworkSecurityGroupCountLimitReached',
        'network security groups',
        call.limits.limitOf('NetworkSecurityGroups'),
        location,
      );
    return { properties: {}, children: { kind: ruleKind, wanted } };
  },
  show: (it, view) => ({
    resourceGuid: it.guid,
    securityRules: childrenOf(view.subscription, it.id, RULE).map((each) =>
      showResource(ruleKind, each, view),
    ),
    defaultSecurityRules: DEFAULT_RULES.map(({ name, properties }) => ({
      name,
      id: `${it.id}/defaultSecurityRules/${name}`,
      type: `${NSG}/defaultSecurityRules`,
      properties: { provisioningState: 'Succeeded', ...showRule(properties) },
    })),
    ...listed('networkInterfaces', interfacesOf(view.subscription, it.id)),
    ...listed('subnets', subnetsOf(view.subscription, it.id)),
  }),
  holders: (it, subscription) =>
    [...interfacesOf(subscription, it.id), ...subnetsOf(subscription, it.id)].map(({ id }) => id),
  held: (it, holders) =>
    inUse(
      'InUseNetworkSecurityGroupCannotBeDeleted',
      `Network security group ${it.id} cannot be deleted because it is in use by the following resources: ${holders.join(', ')}. In order to delete the network security group, remove the association with the resource(s).`,
      holders,
    ),
});

const listed = (name: string, items: readonly Resource[]) =>
  items.length === 0 ? {} : { [name]: items.map(({ id }) => ({ id })) };
