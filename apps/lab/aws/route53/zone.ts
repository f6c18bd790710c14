/** Hosted zones: making, listing, binding to VPCs, deleting. */
import { REGIONS } from '../region.ts';
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import {
  type Body,
  childOf,
  findZone,
  newName,
  noteChange,
  type Route53Answer,
  type Route53Call,
  readMost,
  required,
  textOf,
} from './call.ts';
import { byName, normalName } from './name.ts';
import type { HostedZone } from './state.ts';

const MOST_ZONES = 500;

export function createHostedZone(call: Route53Call): Route53Answer {
  const { state, account, body } = call;
  const given = required(textOf(body, 'Name'), 'name');
  const callerReference = required(textOf(body, 'CallerReference'), 'callerReference');
  const config = childOf(body, 'HostedZoneConfig') ?? {};
  const name = normalName(given);
  if (!name || callerReference.length > 128)
    throw new AwsError('InvalidDomainName', `${given} is not a valid domain name`);
  const vpcBody = childOf(body, 'VPC');
  const vpc = vpcBody ? readVpc(call, vpcBody) : null;
  if (!vpc && textOf(config, 'PrivateZone') === 'true')
    throw new AwsError('InvalidInput', 'When you specify PrivateZone true, you must also specify a VPC.');
  const mine = zonesOf(call);
  const made = mine.find((zone) => zone.callerReference === callerReference);
  if (made)
    throw new AwsError(
      'HostedZoneAlreadyExists',
      `A hosted zone has already been created with the specified caller reference. (The hosted zone is ${made.id})`,
      409,
    );
  if (vpc) refuseConflict(mine, name, vpc.id);
  if (mine.length >= MOST_ZONES)
    throw new AwsError('TooManyHostedZones', `Limits Exceeded: MaxHostedZones=${MOST_ZONES}`);

  const nameServers = vpc
    ? ['ns-0.awsdns-00.com', 'ns-512.awsdns-00.net', 'ns-1024.awsdns-00.org', 'ns-1536.awsdns-00.co.uk']
    : ['ns-101.awsdns-12.com', 'ns-702.awsdns-23.net', 'ns-1303.awsdns-34.org', 'ns-1904.awsdns-45.co.uk'];
  const zone: HostedZone = {
    id: `Z${newName(20)}`,
    accountId: account.accountId,
    name,
    callerReference,
    comment: textOf(config, 'Comment') ?? null,
    vpcs: vpc && [vpc],
    nameServers,
    records: [
      { name, type: 'NS', ttlSeconds: 172800, values: nameServers.map((server) => `${server}.`) },
      {
        name,
        type: 'SOA',
        ttlSeconds: 900,
        values: [`${nameServers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`],
      },
    ],
    tags: {},
  };
  state.zones[zone.id] = zone;
  return {
    root: 'CreateHostedZoneResponse',
    status: 201,
    headers: { location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${zone.id}` },
    content: {
      HostedZone: view(zone),
      ChangeInfo: noteChange(call, null),
      ...(vpc ? { VPC: vpcView(vpc) } : { DelegationSet: delegation(zone) }),
    },
  };
}

export function getHostedZone(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  return {
    root: 'GetHostedZoneResponse',
    content: {
      HostedZone: view(zone),
      ...(zone.vpcs ? { VPCs: { VPC: zone.vpcs.map(vpcView) } } : { DelegationSet: delegation(zone) }),
    },
  };
}

export function listHostedZones(call: Route53Call): Route53Answer {
  const most = readMost(call.query, 100);
  const marker = call.query.get('marker');
  const zones = zonesOf(call)
    .filter((zone) => call.query.get('hostedzonetype') !== 'PrivateHostedZone' || zone.vpcs !== null)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const from = marker === null ? 0 : zones.findIndex((zone) => zone.id >= marker);
  const rest = from < 0 ? [] : zones.slice(from);
  return {
    root: 'ListHostedZonesResponse',
    content: {
      HostedZones: { HostedZone: rest.slice(0, most).map(view) },
      Marker: marker,
      IsTruncated: rest.length > most,
      NextMarker: rest[most]?.id,
      MaxItems: most,
    },
  };
}

export function listHostedZonesByName(call: Route53Call): Route53Answer {
  const most = readMost(call.query, 100);
  const asked = call.query.get('dnsname');
  const start = asked === null ? null : normalName(asked);
  if (start === undefined) throw new AwsError('InvalidDomainName', `${asked} is not a valid domain name`);
  const startId = call.query.get('hostedzoneid')?.replace(/^\/hostedzone\//, '') ?? '';
  const rest = zonesOf(call)
    .sort((a, b) => byName(a.name, b.name) || (a.id < b.id ? -1 : 1))
    .filter((zone) => {
      const order = start === null ? 1 : byName(zone.name, start);
      return order > 0 || (order === 0 && zone.id >= startId);
    });
  return {
    root: 'ListHostedZonesByNameResponse',
    content: {
      HostedZones: { HostedZone: rest.slice(0, most).map(view) },
      DNSName: asked,
      HostedZoneId: startId || undefined,
      IsTruncated: rest.length > most,
      NextDNSName: rest[most]?.name,
      NextHostedZoneId: rest[most]?.id,
      MaxItems: most,
    },
  };
}

export function listHostedZonesByVpc(call: Route53Call): Route53Answer {
  const vpc = readVpc(call, {
    VPCId: call.query.get('vpcid') ?? undefined,
    VPCRegion: call.query.get('vpcregion') ?? undefined,
  });
  const most = readMost(call.query, 100);
  const zones = zonesOf(call).filter((zone) => zone.vpcs?.some((each) => each.id === vpc.id));
  const from = Number(call.query.get('nexttoken') ?? 0);
  if (!Number.isSafeInteger(from))
    throw new AwsError('InvalidPaginationToken', 'The pagination token is invalid.');
  const rest = zones.slice(from);
  return {
    root: 'ListHostedZonesByVPCResponse',
    content: {
      HostedZoneSummaries: {
        HostedZoneSummary: rest.slice(0, most).map((zone) => ({
          HostedZoneId: zone.id,
          Name: zone.name,
          Owner: { OwningAccount: zone.accountId },
        })),
      },
      MaxItems: most,
      NextToken: rest.length > most ? from + most : undefined,
    },
  };
}

export function deleteHostedZone(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  if (zone.records.some((record) => record.name !== zone.name || !['NS', 'SOA'].includes(record.type)))
    throw new AwsError(
      'HostedZoneNotEmpty',
      'The specified hosted zone contains non-required resource record sets  and so cannot be deleted.',
    );
  delete call.state.zones[zone.id];
  return { root: 'DeleteHostedZoneResponse', content: { ChangeInfo: noteChange(call, null) } };
}

export function associateVpc(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  const vpc = readVpc(call, childOf(call.body, 'VPC') ?? {});
  if (!zone.vpcs)
    throw new AwsError(
      'PublicZoneVPCAssociation',
      `Hosted zone ${zone.id} is a public hosted zone and cannot be associated with a VPC.`,
    );
  if (!zone.vpcs.some((each) => each.id === vpc.id)) {
    refuseConflict(zonesOf(call), zone.name, vpc.id);
    zone.vpcs.push(vpc);
  }
  return {
    root: 'AssociateVPCWithHostedZoneResponse',
    content: { ChangeInfo: noteChange(call, textOf(call.body, 'Comment') ?? null) },
  };
}

export function disassociateVpc(call: Route53Call): Route53Answer {
  const zone = findZone(call, call.path.id ?? '');
  const id = required(textOf(childOf(call.body, 'VPC') ?? {}, 'VPCId'), 'vPC.vPCId');
  if (!zone.vpcs?.some((each) => each.id === id))
    throw new AwsError(
      'VPCAssociationNotFound',
      `The specified VPC ${id} is not associated with hosted zone ${zone.id}.`,
      404,
    );
  if (zone.vpcs.length === 1)
    throw new AwsError(
      'LastVPCAssociation',
      `The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone.`,
    );
  zone.vpcs = zone.vpcs.filter((each) => each.id !== id);
  return {
    root: 'DisassociateVPCFromHostedZoneResponse',
    content: { ChangeInfo: noteChange(call, textOf(call.body, 'Comment') ?? null) },
  };
}

const zonesOf = (call: Route53Call) =>
  Object.values(call.state.zones).filter((zone) => zone.accountId === call.account.accountId);

/** One VPC cannot be given two private zones of one name. */
function refuseConflict(zones: readonly HostedZone[], name: string, vpcId: string): void {
  if (zones.some((zone) => zone.name === name && zone.vpcs?.some((vpc) => vpc.id === vpcId)))
    throw new AwsError(
      'ConflictingDomainExists',
      `The VPC ${vpcId} is already associated with another hosted zone of the domain name ${name}`,
    );
}

/** The VPC named must be one of this account's. */
function readVpc(call: Route53Call, body: Body): { id: string; region: string } {
  const id = required(textOf(body, 'VPCId'), 'vPC.vPCId');
  const region = required(textOf(body, 'VPCRegion'), 'vPC.vPCRegion');
  const known =
    Object.hasOwn(REGIONS, region) && call.ec2.regions[`${call.account.accountId}/${region}`]?.vpcs[id];
  if (!known)
    throw new AwsError('InvalidVPCId', `The VPC: ${id} in region ${region} that you provided is not valid.`);
  return { id, region };
}

const vpcView = (vpc: { id: string; region: string }): Xml => ({ VPCRegion: vpc.region, VPCId: vpc.id });
const delegation = (zone: HostedZone): Xml => ({ NameServers: { NameServer: zone.nameServers } });

const view = (zone: HostedZone): Xml => ({
  Id: `/hostedzone/${zone.id}`,
  Name: zone.name,
  CallerReference: zone.callerReference,
  Config: { Comment: zone.comment, PrivateZone: zone.vpcs !== null },
  ResourceRecordSetCount: zone.records.length,
});
