/** Which hosted zones are ours. Tags say so; until they are written, the comment does, which is set in the create call. */
import {
  type HostedZone,
  ListHostedZonesByNameCommand,
  type ListHostedZonesByNameCommandInput,
  type ListHostedZonesByNameCommandOutput,
  ListTagsForResourcesCommand,
  paginateListHostedZones,
  type Route53Client,
  type Tag,
} from '@aws-sdk/client-route-53';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError } from '../provider.ts';
import { ownerIn, sameOwner, type ZoneOwner } from '../zone-owner.ts';
import { ask } from './ask.ts';

/** Of one call that asks for tags; Route 53's own limit. */
const TAGS_AT_ONCE = 10;
const PAGES = 1_000;

export const plainZoneId = (id: string | undefined) => (id ?? '').replace(/^\/hostedzone\//, '');

export interface OwnedZone {
  zone: HostedZone;
  owner: ZoneOwner;
  /** Whether the tags are there, or the comment alone says whose it is. */
  tagged: boolean;
}

export const tagsOf = ({ organizationId, networkId, key }: ZoneOwner): Tag[] => [
  { Key: 'skein-organization', Value: organizationId },
  { Key: 'skein-network', Value: networkId },
  { Key: 'skein-key', Value: key },
];

function ownerByTags(tags: readonly Tag[] | undefined): ZoneOwner | undefined {
  const value = (name: string) => tags?.find((tag) => tag.Key === name)?.Value;
  const [organizationId, networkId, key] = ['skein-organization', 'skein-network', 'skein-key'].map(value);
  return organizationId && networkId && key ? { organizationId, networkId, key } : undefined;
}

async function withOwners(
  client: Route53Client,
  zones: readonly HostedZone[],
  context: DnsContext,
): Promise<OwnedZone[]> {
  const tags = new Map<string, Tag[]>();
  for (let from = 0; from < zones.length; from += TAGS_AT_ONCE) {
    const ResourceIds = zones.slice(from, from + TAGS_AT_ONCE).map((zone) => plainZoneId(zone.Id));
    const answer = await ask('reading the zones’ tags', context, (o) =>
      client.send(new ListTagsForResourcesCommand({ ResourceType: 'hostedzone', ResourceIds }), o),
    );
    for (const set of answer.ResourceTagSets ?? []) tags.set(set.ResourceId ?? '', set.Tags ?? []);
  }
  return zones.flatMap((zone) => {
    const byTags = ownerByTags(tags.get(plainZoneId(zone.Id)));
    const owner = byTags ?? ownerIn(zone.Config?.Comment);
    return owner ? [{ zone, owner, tagged: byTags !== undefined }] : [];
  });
}

/** Ours of that name, the smallest id first. */
export async function findZones(
  client: Route53Client,
  at: ZoneOwner & { name: string },
  context: DnsContext,
): Promise<OwnedZone[]> {
  const name = plainName(at.name);
  const found: HostedZone[] = [];
  let next: ListHostedZonesByNameCommandInput | undefined = {
    DNSName: name,
  };
  for (let page = 0; next && page < PAGES; page++) {
    const input: ListHostedZonesByNameCommandInput = next;
    const answer: ListHostedZonesByNameCommandOutput = await ask('looking the zone up', context, (o) =>
      client.send(new ListHostedZonesByNameCommand(input), o),
    );
    const zones = answer.HostedZones ?? [];
    found.push(...zones.filter((zone) => plainName(zone.Name ?? '') === name));
    // Zones come in the order of their names: once another name appears, there are no more of ours.
    const over = zones.some((zone) => plainName(zone.Name ?? '') !== name) || !answer.IsTruncated;
    next = over ? undefined : { DNSName: answer.NextDNSName, HostedZoneId: answer.NextHostedZoneId };
  }
  if (next) throw new DnsError('invalid', `There are more zones called ${name} than Skein reads.`);
  const owned = await withOwners(client, found, context);
  return owned
    .filter((one) => sameOwner(one.owner, at))
    .sort((a, b) => ((a.zone.Id ?? '') < (b.zone.Id ?? '') ? -1 : 1));
}

/** All of an organization's, or of one of its networks. */
export async function listOwnedZones(
  client: Route53Client,
  asked: { organizationId: string; networkId?: string },
  context: DnsContext,
): Promise<OwnedZone[]> {
  const zones = await ask('listing zones', context, async (o) => {
    const all: HostedZone[] = [];
    for await (const page of paginateListHostedZones({ client }, {}, o))
      all.push(...(page.HostedZones ?? []));
    return all;
  });
  const owned = await withOwners(client, zones, context);
  return owned.filter(
    ({ owner }) =>
      owner.organizationId === asked.organizationId &&
      (!asked.networkId || owner.networkId === asked.networkId),
  );
}
