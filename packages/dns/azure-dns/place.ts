/**
 * Where a zone stands in Azure, derived from its owner: a public zone in a resource group of the network's own, a private
 * one in the group of the cluster that its key ends with. Pure.
 */
import { groupNameFor, idOf, parseId } from '@skein/clouds/azure/names.ts';
import { keyedBy, type Tags } from '@skein/clouds/azure/tags.ts';
import type { Keyed, Owner } from '@skein/clouds/provider.ts';
import { plainName } from '../change-set.ts';
import type { ZoneState } from '../provider.ts';
import type { ZoneOwner } from '../zone-owner.ts';

const PUBLIC_TYPE = 'Microsoft.Network/dnsZones';
const PRIVATE_TYPE = 'Microsoft.Network/privateDnsZones';
/** In place of a cluster's id, for what belongs to the network as a whole. */
const WHOLE_NETWORK = 'dns';

export interface Place {
  group: string;
  zone: string;
  visibility: 'public' | 'private';
}

/** The key `public`, or one that ends so, is the public zone's; any other ends with a cluster's id. */
export const keyedOf = ({
  organizationId,
  networkId,
  key,
}: ZoneOwner): Keyed & { visibility: 'public' | 'private' } => {
  const last = key.slice(key.lastIndexOf('/') + 1);
  const visibility = last === 'public' ? 'public' : 'private';
  const owner: Owner = {
    organizationId,
    networkId,
    clusterId: visibility === 'public' ? WHOLE_NETWORK : last,
  };
  return { owner, key, visibility };
};

export function placeOf(at: ZoneOwner & { name: string }): Place {
  const { owner, visibility } = keyedOf(at);
  return { group: groupNameFor(owner), zone: plainName(at.name), visibility };
}

export function zoneId(subscriptionId: string, { group, zone, visibility }: Place): string {
  return idOf({
    subscriptionId,
    group,
    type: visibility === 'public' ? PUBLIC_TYPE : PRIVATE_TYPE,
    names: [zone],
  });
}

/** @throws Error when it is no zone's state of this service. */
export function placeOfState({ externalId, visibility }: ZoneState): Place {
  const id = parseId(externalId);
  const [zone] = id?.names ?? [];
  if (!id || !zone) throw new Error(`${externalId} is no id of a DNS zone in Azure`);
  return { group: id.group, zone, visibility };
}

/** Whose a zone is, by its tags. */
export function ownerBy(tags: Tags | undefined): ZoneOwner | undefined {
  const by = keyedBy(tags);
  return by && { organizationId: by.owner.organizationId, networkId: by.owner.networkId, key: by.key };
}
