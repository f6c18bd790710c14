/**
 * Whose the halves of a peering connection are. In one region of one account both sides see the same connection and the
 * same tags, so the agreeing side's are called otherwise than those that every other resource bears. Pure.
 */
import type { Filter, Tag } from '@aws-sdk/client-ec2';
import { CloudError, type Keyed, type Owner } from '../provider.ts';
import { filtersFor, filtersForOwner, keyedBy, ownerTags } from './tags.ts';

const CLUSTER = 'skein-accepter-cluster';
const KEY = 'skein-accepter-key';

/** Whether this half asks and the other agrees: the two sides know it without talking. */
export function isAsking({ owner, key }: Keyed): boolean {
  const other = /^peering\/(.+)$/.exec(key)?.[1];
  if (!other || other === owner.clusterId)
    throw new CloudError('invalid', `“${key}” does not name the other cluster of a peering.`);
  return owner.clusterId < other;
}

/** The tags that the agreeing half adds; the asking half makes the connection with those of `tags.ts`. */
export function halfTags(at: Keyed): Tag[] {
  const [organization, network] = ownerTags(at);
  return [
    ...(organization && network ? [organization, network] : []),
    { Key: CLUSTER, Value: at.owner.clusterId },
    { Key: KEY, Value: at.key },
  ];
}

export const halfFilters = (at: Keyed): Filter[] =>
  isAsking(at)
    ? filtersFor(at)
    : halfTags(at).map(({ Key, Value }) => ({ Name: `tag:${Key}`, Values: [Value ?? ''] }));

/** For all of an owner's halves: those that ask, and, where one cluster is meant, those that agree. */
export function ownerHalfFilters(owner: Partial<Owner> & { organizationId: string }): Filter[][] {
  const { clusterId, ...wider } = owner;
  if (clusterId === undefined) return [filtersForOwner(wider)];
  return [
    filtersForOwner(owner),
    [...filtersForOwner(wider), { Name: `tag:${CLUSTER}`, Values: [clusterId] }],
  ];
}

/** The halves that tags speak of: none, one, or both. */
export function halvesOf(tags: readonly Tag[] | undefined): Keyed[] {
  const asking = keyedBy(tags);
  const renamed = (tags ?? []).flatMap(({ Key, Value }) => {
    if (Key === CLUSTER) return [{ Key: 'skein-cluster', Value }];
    if (Key === KEY) return [{ Key: 'skein-key', Value }];
    return Key === 'skein-cluster' || Key === 'skein-key' ? [] : [{ Key, Value }];
  }) as Tag[];
  const agreeing = keyedBy(renamed);
  return [asking, agreeing].filter((one) => one !== undefined);
}
