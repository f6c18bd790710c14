/** What AWS's state comes down to in packets: VPCs as realms, instances as machines, groups as rules. Pure. */
import type { Ground, GroundPeering, GroundRule, GroundZone, Machine, Realm } from '../ground/ground.ts';
import { formatAddress, knownCidr } from './cidr.ts';
import { publicIpOf } from './ec2/instance-state.ts';
import { privateName } from './ec2/instance-view.ts';
import { isActive, tableOf } from './ec2/route-table.ts';
import type { Ec2State, Instance, PeeringSide, RegionState, Rule, Subnet } from './ec2/state.ts';
import { unescape8 } from './route53/name.ts';
import type { Route53State } from './route53/state.ts';

/** The ground of all AWS accounts and regions. */
export function projectAws(ec2: Ec2State, route53: Route53State): Ground {
  const realms: Realm[] = [];
  const machines: Machine[] = [];
  for (const [key, state] of Object.entries(ec2.regions)) {
    const [accountId = '', region = ''] = key.split('/');
    realms.push(...realmsOf(ec2, state));
    for (const instance of Object.values(state.instances)) {
      const subnet = state.subnets[instance.subnetId];
      if (subnet && !instance.terminatedAt && !instance.stoppedAt)
        machines.push(machineOf(ec2, state, accountId, region, instance, subnet));
    }
  }
  return {
    realms,
    peerings: peeringsOf(ec2),
    machines,
    zones: zonesOf(route53, new Set(realms.map((realm) => realm.id))),
  };
}

/** An address so many after the range's first. AWS: 1 is the router, 2 of the VPC's range the resolver. */
const after = (cidr: string, count: number) => formatAddress(knownCidr(cidr).base + count);

/** Routes are the realm's, not a subnet's: in the lab a route of one of its tables counts for all of them. */
const peeringsOf = (ec2: Ec2State): GroundPeering[] =>
  Object.values(ec2.peerings)
    .filter((one) => one.status === 'active')
    .map((one) => {
      const end = ({ accountId, region, vpcId }: PeeringSide) => {
        const tables = Object.values(ec2.regions[`${accountId}/${region}`]?.routeTables ?? {});
        const routes = tables
          .filter((table) => table.vpcId === vpcId)
          .flatMap((table) => table.routes)
          .flatMap((route) => ('peeringId' in route && route.peeringId === one.id ? route.cidr : []));
        return { realmId: vpcId, routes: [...new Set(routes)].sort() };
      };
      return { id: one.id, ends: [end(one.requester), end(one.accepter)] };
    });

const realmsOf = (ec2: Ec2State, state: RegionState): Realm[] =>
  Object.values(state.vpcs).map((vpc) => {
    const subnets = Object.values(state.subnets).filter((subnet) => subnet.vpcId === vpc.id);
    return {
      id: vpc.id,
      cloud: 'aws',
      subnets: subnets.map((subnet) => ({ id: subnet.id, cidr: subnet.cidr, router: after(subnet.cidr, 1) })),
      resolver: after(vpc.cidr, 2),
      internet: subnets.some((subnet) => reachesInternet(ec2, state, subnet)),
    };
  });

function reachesInternet(ec2: Ec2State, state: RegionState, subnet: Subnet): boolean {
  const table = tableOf(state, subnet.id);
  return (
    table?.routes.some((route) => route.cidr === '0.0.0.0/0' && isActive(ec2, state, table, route)) ?? false
  );
}

function machineOf(
  ec2: Ec2State,
  state: RegionState,
  accountId: string,
  region: string,
  instance: Instance,
  subnet: Subnet,
): Machine {
  const publicAddress = reachesInternet(ec2, state, subnet) ? publicIpOf(state, instance) : null;
  const groups = instance.groupIds.flatMap((id) => state.groups[id] ?? []);
  const rules = (egress: boolean) =>
    groups
      .flatMap((group) => group.rules.filter((rule) => rule.egress === egress))
      .flatMap((rule) => groundRule(state, rule));
  return {
    id: instance.id,
    hostname: `ip-${instance.privateIp.replaceAll('.', '-')}`,
    realmId: instance.vpcId,
    subnetId: instance.subnetId,
    privateAddress: instance.privateIp,
    macAddress: instance.macAddress,
    publicAddress,
    ingress: rules(false),
    egress: rules(true),
    forwards: !instance.sourceDestCheck,
    userData: instance.userData,
    metadata: metadataOf(state, accountId, region, instance, subnet, publicAddress),
  };
}

/** None for what the ground has no words for (IPv6, other protocols): such packets are then not let in. */
function groundRule(state: RegionState, rule: Rule): GroundRule[] {
  const protocol = rule.protocol === '-1' ? 'all' : rule.protocol;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp' && protocol !== 'all') return [];
  const cidrs = sourcesOf(state, rule);
  if (cidrs.length === 0) return [];
  const ports = protocol === 'tcp' || protocol === 'udp';
  return [{ protocol, fromPort: ports ? rule.fromPort : 0, toPort: ports ? rule.toPort : 65535, cidrs }];
}

function sourcesOf(state: RegionState, rule: Rule): string[] {
  const { source } = rule;
  if ('cidr' in source) return [source.cidr];
  if ('cidrIpv6' in source) return [];
  return Object.values(state.instances)
    .filter((each) => !each.terminatedAt && each.groupIds.includes(source.groupId))
    .map((each) => `${each.privateIp}/32`)
    .sort();
}

/** What IMDSv2 answers: `/latest/…` to text. Listings of folders are for the service that answers. */
function metadataOf(
  state: RegionState,
  accountId: string,
  region: string,
  instance: Instance,
  subnet: Subnet,
  publicAddress: string | null,
): Record<string, string> {
  const data: Record<string, string | null> = {
    'ami-id': instance.imageId,
    'ami-launch-index': String(instance.launchIndex),
    hostname: privateName(region, instance.privateIp),
    'instance-action': 'none',
    'instance-id': instance.id,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.instanceType,
    'local-hostname': privateName(region, instance.privateIp),
    'local-ipv4': instance.privateIp,
    mac: instance.macAddress,
    'placement/availability-zone': subnet.zone,
    'placement/region': region,
    'public-ipv4': publicAddress,
    'reservation-id': instance.reservationId,
    'security-groups': instance.groupIds.map((id) => state.groups[id]?.name ?? '').join('\n'),
    'services/domain': 'amazonaws.com',
    [`network/interfaces/macs/${instance.macAddress}/vpc-id`]: instance.vpcId,
    [`network/interfaces/macs/${instance.macAddress}/subnet-id`]: instance.subnetId,
    [`network/interfaces/macs/${instance.macAddress}/subnet-ipv4-cidr-block`]: subnet.cidr,
    [`network/interfaces/macs/${instance.macAddress}/vpc-ipv4-cidr-block`]:
      state.vpcs[instance.vpcId]?.cidr ?? null,
  };
  const texts: Record<string, string> = {};
  for (const [path, text] of Object.entries(data))
    if (text !== null) texts[`/latest/meta-data/${path}`] = text;
  if (instance.userData !== null) texts['/latest/user-data'] = instance.userData;
  texts['/latest/dynamic/instance-identity/document'] = JSON.stringify({
    accountId,
    architecture: 'x86_64',
    availabilityZone: subnet.zone,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    pendingTime: instance.launchedAt,
    privateIp: instance.privateIp,
    region,
    version: '2017-09-30',
  });
  return texts;
}

/** Values stay in presentation form (TXT quoted). A private zone answers in those of its VPCs that still exist. */
const zonesOf = (route53: Route53State, realmIds: ReadonlySet<string>): GroundZone[] =>
  Object.values(route53.zones).map((zone) => ({
    id: zone.id,
    name: unescape8(zone.name.slice(0, -1)),
    visibility: zone.vpcs ? 'private' : 'public',
    realmIds: (zone.vpcs ?? []).map((vpc) => vpc.id).filter((id) => realmIds.has(id)),
    records: zone.records.map((record) => ({
      name: unescape8(record.name.slice(0, -1)),
      type: record.type,
      ttlSeconds: record.ttlSeconds,
      values: record.values,
    })),
  }));
