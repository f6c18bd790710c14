/** Which virtual networks a private zone answers in: one link each, tagged as ours. */
import { createHash } from 'node:crypto';
import type { VirtualNetworkLink } from '@azure/arm-privatedns';
import { sameId } from '@skein/clouds/azure/names.ts';
import { isOf, keyedBy, ownerTags } from '@skein/clouds/azure/tags.ts';
import type { Keyed } from '@skein/clouds/provider.ts';
import { type DnsContext, DnsError } from '../provider.ts';
import type { AzureDns } from './connection.ts';
import type { Place } from './place.ts';

/** Derived, so that a network is linked once only. */
const linkName = (networkId: string) =>
  `skein-${createHash('sha256').update(networkId.toLowerCase()).digest('hex').slice(0, 24)}`;

const list = (azure: AzureDns, { group, zone }: Place, context: DnsContext) =>
  azure.all('listing the zone’s links', context, (o) =>
    azure.privateZones.virtualNetworkLinks.list(group, zone, o),
  );

const read = (azure: AzureDns, { group, zone }: Place, name: string, context: DnsContext) =>
  azure.find<VirtualNetworkLink>('reading a link', context, (o) =>
    azure.privateZones.virtualNetworkLinks.get(group, zone, name, o),
  );
const until = (end: 'shown' | 'gone', azure: AzureDns, place: Place, name: string, context: DnsContext) =>
  azure.until(end, `the link of zone ${place.zone}`, context, () => read(azure, place, name, context));

async function remove(azure: AzureDns, place: Place, name: string, context: DnsContext): Promise<void> {
  await azure.find('unlinking a virtual network', context, (o) =>
    azure.privateZones.virtualNetworkLinks.delete(place.group, place.zone, name, o).submitted(),
  );
  await until('gone', azure, place, name, context);
}

async function create(
  azure: AzureDns,
  place: Place,
  keyed: Keyed,
  { name, id }: { name: string; id: string },
  context: DnsContext,
): Promise<void> {
  const { group, zone } = place;
  const link = {
    location: 'global',
    tags: ownerTags(keyed, zone),
    virtualNetwork: { id },
    registrationEnabled: false,
  };
  try {
    await azure.ask('linking the zone to a virtual network', context, (o) =>
      azure.privateZones.virtualNetworkLinks.createOrUpdate(group, zone, name, link, o).submitted(),
    );
  } catch (error) {
    // Azure may have begun it, and the answer was lost.
    if (!(error instanceof DnsError && error.retryable)) throw error;
    if (!(await read(azure, place, name, context))) throw error;
  }
}

/** Links the zone to these networks; of ours no others are left. */
export async function linkExactly(
  azure: AzureDns,
  place: Place,
  keyed: Keyed,
  vpcs: readonly { id: string }[],
  context: DnsContext,
): Promise<void> {
  const held = await list(azure, place, context);
  const ofNetwork = (id: string) => held.find((link) => sameId(link.virtualNetwork?.id, id));
  for (const { id } of vpcs) {
    const known = ofNetwork(id);
    const name = known?.name ?? linkName(id);
    if (!known) await create(azure, place, keyed, { name, id }, context);
    const now = await until('shown', azure, place, name, context);
    if (/^Failed$/i.test(now?.provisioningState ?? ''))
      throw new DnsError('unavailable', `Azure could not link zone ${place.zone} to ${id}.`);
  }
  for (const link of held) {
    const wanted = vpcs.some(({ id }) => sameId(link.virtualNetwork?.id, id));
    if (!wanted && link.name && isOf(link.tags, keyed)) await remove(azure, place, link.name, context);
  }
}

/** Before the zone goes. @throws DnsError `in-use` where somebody else has linked it too. */
export async function unlink(azure: AzureDns, place: Place, context: DnsContext): Promise<void> {
  const held = await list(azure, place, context);
  const others = held.filter((link) => !keyedBy(link.tags));
  if (others.length > 0)
    throw new DnsError(
      'in-use',
      `Zone ${place.zone} is linked by others: ${others.map((link) => link.name).join(', ')}.`,
      { remedy: 'Take these links away, then try again.' },
    );
  for (const link of held) if (link.name) await remove(azure, place, link.name, context);
}
