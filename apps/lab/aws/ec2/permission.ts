/** Rules of security groups as calls write them (`IpPermissions`), and back. */
import { formatCidr, parseCidr } from '../cidr.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import { findGroup } from './call.ts';
import type { RegionState, Rule, RuleSource, SecurityGroup } from './state.ts';

/** A rule before it has an id: one protocol, one range of ports, one source. */
export type Permission = Pick<Rule, 'protocol' | 'fromPort' | 'toPort' | 'source' | 'description'>;

const NAMED: Readonly<Record<string, string>> = {
  '6': 'tcp',
  '17': 'udp',
  '1': 'icmp',
  '58': 'icmpv6',
  all: '-1',
};
const DESCRIPTION = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

/** Every rule the call names, by `IpPermissions.N` or by the flat old parameters. */
export function readPermissions(params: Params, state: RegionState, group: SecurityGroup): Permission[] {
  const structs = params.structs('IpPermissions');
  const flat = params.has('IpProtocol') || params.has('CidrIp');
  if (structs.length > 0 && flat)
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter ipPermissions may not be mixed with other rule parameters',
    );
  const read = flat
    ? ofOne(
        params,
        [{ cidr: readCidr(params.required('CidrIp')) }].map((source) => ({ source, description: null })),
      )
    : structs.flatMap((each) => ofOne(each, readSources(each, state, group)));
  if (read.length === 0)
    throw new AwsError('MissingParameter', 'Either ipPermissions or the rule parameters must be specified');
  const keys = read.map(keyOf);
  if (new Set(keys).size !== keys.length)
    throw new AwsError('InvalidParameterValue', 'The same permission must not appear multiple times');
  return read;
}

function ofOne(params: Params, sources: Pick<Rule, 'source' | 'description'>[]): Permission[] {
  const given = params.required('IpProtocol').toLowerCase();
  const protocol = NAMED[given] ?? given;
  if (!/^(tcp|udp|icmp|icmpv6|-1|\d{1,3})$/.test(protocol) || Number(protocol) > 255)
    throw new AwsError(
      'InvalidPermission.Malformed',
      `Unsupported IP protocol "${given}" - supported: [tcp, udp, icmp] or a number`,
    );
  if (sources.length === 0)
    throw new AwsError(
      'InvalidPermission.Malformed',
      'The rule must have at least one source or destination.',
    );
  return sources.map((source) => ({ protocol, ...readPorts(params, protocol), ...source }));
}

function readPorts(params: Params, protocol: string): { fromPort: number; toPort: number } {
  const from = params.integer('FromPort');
  const to = params.integer('ToPort');
  if (!['tcp', 'udp', 'icmp', 'icmpv6'].includes(protocol)) return { fromPort: -1, toPort: -1 };
  if (protocol.startsWith('icmp')) {
    if (from === undefined || to === undefined)
      throw new AwsError(
        'InvalidParameterValue',
        `Invalid value 'Must specify both type and code with ICMP.' for portRange.`,
      );
    if (from < -1 || from > 255 || to < -1 || to > 255)
      throw new AwsError('InvalidParameterValue', `ICMP code (${to}) or type (${from}) out of range`);
    return { fromPort: from, toPort: to };
  }
  if (from === undefined || to === undefined)
    throw new AwsError(
      'InvalidParameterValue',
      `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`,
    );
  if (from < 0 || to > 65535 || from > to)
    throw new AwsError(
      'InvalidParameterValue',
      `Invalid value '${from}-${to}' for portRange: Invalid ${protocol.toUpperCase()} port range (${from}:${to})`,
    );
  return { fromPort: from, toPort: to };
}

function readSources(
  params: Params,
  state: RegionState,
  group: SecurityGroup,
): Pick<Rule, 'source' | 'description'>[] {
  if (params.has('PrefixListIds'))
    throw new AwsError('InvalidPrefixListID.NotFound', 'The prefix list ID does not exist');
  const of = (each: Params, source: RuleSource) => ({
    source,
    description: readDescription(each.text('Description')),
  });
  return [
    ...params.structs('IpRanges').map((each) => of(each, { cidr: readCidr(each.required('CidrIp')) })),
    ...params
      .structs('Ipv6Ranges')
      .map((each) => of(each, { cidrIpv6: readCidrIpv6(each.required('CidrIpv6')) })),
    ...params.structs('Groups').map((each) => {
      // The account is implied; a group of another account would need VPC peering, which the lab has not.
      each.text('UserId');
      each.text('VpcId');
      const name = each.text('GroupName');
      const byName = name
        ? Object.values(state.groups).find((one) => one.name === name && one.vpcId === group.vpcId)
        : undefined;
      if (name && !byName)
        throw new AwsError('InvalidGroup.NotFound', `The security group '${name}' does not exist`);
      const source = byName ?? findGroup(state, each.required('GroupId'));
      if (source.vpcId !== group.vpcId)
        throw new AwsError(
          'InvalidGroup.NotFound',
          `You have specified two resources that belong to different networks.`,
        );
      return of(each, { groupId: source.id });
    }),
  ];
}

function readCidr(text: string): string {
  const cidr = parseCidr(text);
  if (!cidr) throw new AwsError('InvalidParameterValue', `CIDR block ${text} is malformed`);
  return formatCidr(cidr);
}

function readCidrIpv6(text: string): string {
  const [address = '', length = ''] = text.split('/');
  if (!URL.canParse(`http://[${address}]/`) || !/^\d{1,3}$/.test(length) || Number(length) > 128)
    throw new AwsError('InvalidParameterValue', `CIDR block ${text} is malformed`);
  return `${new URL(`http://[${address}]/`).hostname.slice(1, -1)}/${Number(length)}`;
}

function readDescription(text: string | undefined): string | null {
  if (!text) return null;
  if (!DESCRIPTION.test(text))
    throw new AwsError(
      'InvalidParameterValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  return text;
}

/** Equal for rules that AWS holds to be the same: everything but id, description, tags. */
export const keyOf = (rule: Omit<Permission, 'description'>) =>
  [rule.protocol, rule.fromPort, rule.toPort, peerOf(rule.source)].join(' ');

export const peerOf = (source: RuleSource) =>
  'cidr' in source ? source.cidr : 'cidrIpv6' in source ? source.cidrIpv6 : source.groupId;

const ports = (rule: Permission): { [name: string]: Xml } =>
  ['tcp', 'udp', 'icmp', 'icmpv6'].includes(rule.protocol)
    ? { fromPort: rule.fromPort, toPort: rule.toPort }
    : {};

/** Rules as DescribeSecurityGroups shows them: those of one protocol and range of ports together. */
export function permissionSet(rules: readonly Rule[], accountId: string): Xml {
  const together = Map.groupBy(rules, (rule) => [rule.protocol, rule.fromPort, rule.toPort].join(' '));
  const pick = (some: readonly Rule[], kind: string, view: (rule: Rule) => { [name: string]: Xml }): Xml => ({
    item: some
      .filter((rule) => kind in rule.source)
      .map((rule) => ({ ...view(rule), description: rule.description })),
  });
  return {
    item: [...together.values()].map((some) => ({
      ipProtocol: some[0]?.protocol,
      ...(some[0] ? ports(some[0]) : {}),
      groups: pick(some, 'groupId', (rule) => ({ userId: accountId, groupId: peerOf(rule.source) })),
      ipRanges: pick(some, 'cidr', (rule) => ({ cidrIp: peerOf(rule.source) })),
      ipv6Ranges: pick(some, 'cidrIpv6', (rule) => ({ cidrIpv6: peerOf(rule.source) })),
      prefixListIds: {},
    })),
  };
}

/** A rule as DescribeSecurityGroupRules and the Authorize calls show it: FromPort is always there. */
export const ruleView = (rule: Rule, groupId: string): { [name: string]: Xml } => ({
  securityGroupRuleId: rule.id,
  groupId,
  isEgress: rule.egress,
  ipProtocol: rule.protocol,
  fromPort: rule.fromPort,
  toPort: rule.toPort,
  cidrIpv4: 'cidr' in rule.source ? rule.source.cidr : undefined,
  cidrIpv6: 'cidrIpv6' in rule.source ? rule.source.cidrIpv6 : undefined,
  description: rule.description,
});
