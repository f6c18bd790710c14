/** Owner tags on Azure resources: how they are written and read. Azure takes no `<>%&\?/` in a tag's name. Pure. */
import type { Keyed, Owner } from '../provider.ts';
import { within } from '../within.ts';

const ORGANIZATION = 'skein-organization';
const NETWORK = 'skein-network';
const CLUSTER = 'skein-cluster';
const KEY = 'skein-key';
const PART = 'skein-part';
const NAME = 'skein-name';

export type Tags = Record<string, string>;

export const groupTags = (owner: Owner): Tags => ({
  [ORGANIZATION]: owner.organizationId,
  [NETWORK]: owner.networkId,
  [CLUSTER]: owner.clusterId,
});

/** @param part of what is no resource of its own to Skein, but comes and goes with the one of this key. */
export const ownerTags = (
  { owner, key }: Keyed,
  name: string,
  part?: 'interface' | 'passing-address',
): Tags => ({
  ...groupTags(owner),
  [KEY]: key,
  [NAME]: name.slice(0, 256),
  ...(part === undefined ? {} : { [PART]: part }),
});

/** Azure keeps the case of a tag's name but compares without it. */
function tagOf(tags: Tags | undefined, name: string): string | undefined {
  for (const [known, value] of Object.entries(tags ?? {})) if (known.toLowerCase() === name) return value;
  return undefined;
}

export function ownerIn(tags: Tags | undefined): Owner | undefined {
  const [organizationId, networkId, clusterId] = [ORGANIZATION, NETWORK, CLUSTER].map((name) =>
    tagOf(tags, name),
  );
  return organizationId && networkId && clusterId ? { organizationId, networkId, clusterId } : undefined;
}

/** Whose a resource is, and of what it is a part; undefined when it is not wholly ours. */
export function keyedBy(tags: Tags | undefined): (Keyed & { part: string | null }) | undefined {
  const owner = ownerIn(tags);
  const key = tagOf(tags, KEY);
  return owner && key ? { owner, key, part: tagOf(tags, PART) ?? null } : undefined;
}

/** Whether a resource is exactly this one of ours. */
export function isOf(tags: Tags | undefined, at: Keyed, part: string | null = null): boolean {
  const by = keyedBy(tags);
  return by !== undefined && by.key === at.key && by.part === part && within(by.owner, at.owner);
}

/** For the list of resource groups: all of an organization's. */
export const groupFilter = (organizationId: string) =>
  `tagName eq '${ORGANIZATION}' and tagValue eq '${organizationId.replaceAll("'", "''")}'`;
