/** Owner tags on AWS resources: how they are written, asked for and read. */
import type { Filter, ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2';
import type { Keyed, Owner } from '../provider.ts';

const ORGANIZATION = 'skein-organization';
const NETWORK = 'skein-network';
const CLUSTER = 'skein-cluster';
const KEY = 'skein-key';

export function ownerTags({ owner, key }: Keyed, name?: string): Tag[] {
  return [
    ...(name === undefined ? [] : [{ Key: 'Name', Value: name }]),
    { Key: ORGANIZATION, Value: owner.organizationId },
    { Key: NETWORK, Value: owner.networkId },
    { Key: CLUSTER, Value: owner.clusterId },
    { Key: KEY, Value: key },
  ];
}

/** For a create call: the tags are there from the first moment, so a killed worker finds what it made. */
export const taggedAs = (type: ResourceType, at: Keyed, name: string): TagSpecification[] => [
  { ResourceType: type, Tags: ownerTags(at, name) },
];

/** Filters of a Describe call for one resource of ours. */
export const filtersFor = (at: Keyed): Filter[] =>
  ownerTags(at).map(({ Key, Value }) => ({ Name: `tag:${Key}`, Values: [Value ?? ''] }));

/** Filters of a Describe call for all of an owner's. */
export function filtersForOwner(owner: Partial<Owner> & { organizationId: string }): Filter[] {
  const wanted: [string, string | undefined][] = [
    [ORGANIZATION, owner.organizationId],
    [NETWORK, owner.networkId],
    [CLUSTER, owner.clusterId],
  ];
  return wanted.flatMap(([tag, value]) =>
    value === undefined ? [] : [{ Name: `tag:${tag}`, Values: [value] }],
  );
}

/** Whose a resource is by its tags; undefined when it is not wholly ours. */
export function keyedBy(tags: readonly Tag[] | undefined): Keyed | undefined {
  const value = (name: string) => tags?.find((tag) => tag.Key === name)?.Value;
  const [organizationId, networkId, clusterId, key] = [ORGANIZATION, NETWORK, CLUSTER, KEY].map(value);
  if (!organizationId || !networkId || !clusterId || !key) return undefined;
  return { owner: { organizationId, networkId, clusterId }, key };
}

export const nameOf = (tags: readonly Tag[] | undefined) => tags?.find((tag) => tag.Key === 'Name')?.Value;
