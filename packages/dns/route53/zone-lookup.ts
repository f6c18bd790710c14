/** Which hosted zones are ours. Tags say so; until they are written, the comment does, which is set in the create call. */
import {
  type HostedZone,
  ListHostedZonesByNameCommand,
  type ListHostedZonesByNameCommandInput,
  type ListHostedZonesByNameCommandOutput,
  ListTagsForResourcesCommand,
  paginateListHostedZones,
  type Tag,
} from '@aws-sdk/client-route-53';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError } from '../provider.ts';
import { ownerIn, sameOwner, type ZoneOwner } from '../zone-owner.ts';
import { ask, type Route53 } from './ask.ts';

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
  service: Route53,
  zones: readonly HostedZone[],
  context: DnsContext,
): Promise<OwnedZone[]> {
  const ids = zones.map((zone) => plainZoneId(zone.Id));
  const tags = new Map<string, Tag[]>();
  for (let from = 0; from < ids.length; from += TAGS_AT_ONCE)
    for (const [id, set] of await tagsById(service, ids.slice(from, from + TAGS_AT_ONCE), context))
      tags.set(id, set);
  return zones.flatMap((zone) => {
    const set = tags.get(plainZoneId(zone.Id));
    if (!set) return [];
    const byTags = ownerByTags(set);
    const owner = byTags ?? ownerIn(zone.Config?.Comment);
    return owner ? [{ zone, owner, tagged: byTags !== undefined }] : [];
  });
}

/**
 * Tags of these zones. Route 53 refuses all of them where one was deleted since it was listed: then each is asked for
 * by itself, and one that is not there is not in the answer.
 */
async function tagsById(
  service: Route53,
  ResourceIds: string[],
  context: DnsContext,
): Promise<Map<string, Tag[]>> {
  try {
    const answer = await ask(service, 'reading the zones’ tags', context, (client, o) =>
      client.send(new ListTagsForResourcesCommand({ ResourceType: 'hostedzone', ResourceIds }), o),
    );
    const sets = new Map(answer.ResourceTagSets?.map((set) => [set.ResourceId, set.Tags]));
    return new Map(ResourceIds.map((id) => [id, sets.get(id) ?? []]));
  } catch (error) {
    if (!(error instanceof DnsError && error.code === 'not-found')) throw error;
    const there = new Map<string, Tag[]>();
    if (ResourceIds.length === 1) return there;
    for (const id of ResourceIds)
      for (const [known, set] of await tagsById(service, [id], context)) there.set(known, set);
    return there;
  }
}

/** Ours of that name, the smallest id first. */
export async function findZones(
  service: Route53,
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
    const answer: ListHostedZonesByNameCommandOutput = await ask(
      service,
      'looking the zone up',
      context,
      (client, o) => client.send(new ListHostedZonesByNameCommand(input), o),
    );
    const zones = answer.HostedZones ?? [];
    found.push(...zones.filter((zone) => plainName(zone.Name ?? '') === name));
    // Zones come in the order of their names: once another name appears, there are no more of ours.
    const over = zones.some((zone) => plainName(zone.Name ?? '') !== name) || !answer.IsTruncated;
    next = over ? undefined : { DNSName: answer.NextDNSName, HostedZoneId: answer.NextHostedZoneId };
  }
  if (next) throw new DnsError('invalid', `There are more zones called ${name} than Skein reads.`);
  const owned = await withOwners(service, found, context);
  return owned
    .filter((one) => sameOwner(one.owner, at))
    .sort((a, b) => ((a.zone.Id ?? '') < (b.zone.Id ?? '') ? -1 : 1));
}

/** All of an organization's, or of one of its networks. */
export async function listOwnedZones(
  service: Route53,
  asked: { organizationId: string; networkId?: string },
  context: DnsContext,
): Promise<OwnedZone[]> {
  const zones = await ask(service, 'listing zones', context, async (client, o) => {
    const all: HostedZone[] = [];
    for await (const page of paginateListHostedZones({ client }, {}, o))
      all.push(...(page.HostedZones ?? []));
    return all;
  });
  const owned = await withOwners(service, zones, context);
  return owned.filter(
    ({ owner }) =>
      owner.organizationId === asked.organizationId &&
      (!asked.networkId || owner.networkId === asked.networkId),
  );
}
