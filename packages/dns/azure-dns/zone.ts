/** Zones of a subscription: public ones, and private ones linked to virtual networks. Tags say whose they are. */
import { ensureGroup, removeGroupIfEmpty } from '@skein/clouds/azure/group.ts';
import { ownerIn, ownerTags } from '@skein/clouds/azure/tags.ts';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError, dnsErrorOf, type ZoneSpec, type ZoneState } from '../provider.ts';
import { sameOwner, type ZoneOwner } from '../zone-owner.ts';
import type { AzureDns } from './connection.ts';
import { linkExactly, unlink } from './link.ts';
import { keyedOf, ownerBy, type Place, placeOf, placeOfState, zoneId } from './place.ts';

/** Of a group that holds no cluster: zones answer everywhere alike. */
const GROUP_REGION = 'eastus';

interface Found {
  tags?: Record<string, string>;
  nameServers?: string[];
  provisioningState?: string;
}

const read = (
  azure: AzureDns,
  { group, zone, visibility }: Place,
  context: DnsContext,
): Promise<Found | undefined> =>
  azure.find<Found>('reading the zone', context, (o) =>
    visibility === 'public'
      ? azure.zones.zones.get(group, zone, o)
      : azure.privateZones.privateZones.get(group, zone, o),
  );

const stateOf = (azure: AzureDns, place: Place, found: Found): ZoneState => ({
  externalId: zoneId(azure.subscriptionId, place),
  name: place.zone,
  visibility: place.visibility,
  nameServers: (found.nameServers ?? []).map(plainName).sort(),
});

/** @throws DnsError `not-ours` when somebody else's zone stands in its place. */
export async function findZone(
  azure: AzureDns,
  at: ZoneOwner & { name: string },
  context: DnsContext,
): Promise<ZoneState | undefined> {
  const place = placeOf(at);
  const found = await azure.settled(`zone ${place.zone}`, context, () => read(azure, place, context));
  return found && ours(azure, at, place, found);
}

/** @throws DnsError `not-ours` */
function ours(azure: AzureDns, at: ZoneOwner, place: Place, found: Found): ZoneState {
  if (sameOwner(ownerBy(found.tags), at)) return stateOf(azure, place, found);
  throw new DnsError(
    'not-ours',
    `Zone ${place.zone} in the resource group ${place.group} stands where ours would, without our tags; it is left alone.`,
  );
}

const shown = (azure: AzureDns, place: Place, context: DnsContext) =>
  azure.until('shown', `zone ${place.zone}`, context, () => read(azure, place, context));

/** Made only where there is none: two who make it at once end with one. */
async function create(azure: AzureDns, spec: ZoneSpec, place: Place, context: DnsContext): Promise<void> {
  const keyed = keyedOf(spec);
  const region = spec.vpcs[0]?.region ?? GROUP_REGION;
  try {
    await ensureGroup(azure.resources(region), keyed.owner, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw dnsErrorOf(error);
  }
  const zone = { location: 'global', tags: ownerTags(keyed, spec.name) };
  const onlyNew = { ifNoneMatch: '*' };
  try {
    await azure.ask('creating the zone', context, async (o) => {
      if (place.visibility === 'public')
        return void (await azure.zones.zones.createOrUpdate(place.group, place.zone, zone, {
          ...o,
          ...onlyNew,
        }));
      const poller = azure.privateZones.privateZones.createOrUpdate(place.group, place.zone, zone, {
        ...o,
        ...onlyNew,
      });
      await poller.submitted();
    });
  } catch (error) {
    // Somebody was faster: another of us, or an earlier call of ours whose answer was lost.
    if (!(error instanceof DnsError && (error.code === 'conflict' || error.retryable))) throw error;
    const there =
      error.code === 'conflict'
        ? await shown(azure, place, context).catch(() => undefined)
        : await read(azure, place, context);
    if (!there) throw error;
  }
}

export async function reconcileZone(
  azure: AzureDns,
  spec: ZoneSpec,
  context: DnsContext,
): Promise<ZoneState> {
  const place = placeOf(spec);
  if (spec.visibility !== place.visibility)
    throw new DnsError(
      'conflict',
      `The zone ${spec.name} of the key ${spec.key} is ${place.visibility}, which cannot change.`,
      {
        remedy: 'Delete it first.',
      },
    );
  if (!(await findZone(azure, spec, context))) await create(azure, spec, place, context);
  const found = await shown(azure, place, context);
  if (!found) throw new DnsError('unavailable', `Azure made the zone ${spec.name} and does not show it.`);
  const state = ours(azure, spec, place, found);
  if (spec.visibility === 'private') await linkExactly(azure, place, keyedOf(spec), spec.vpcs, context);
  return state;
}

/** The zone must hold no records but its own. Its resource group goes with it when nothing else is in there. */
export async function removeZone(azure: AzureDns, state: ZoneState, context: DnsContext): Promise<void> {
  const place = placeOfState(state);
  const { group, zone, visibility } = place;
  const found = await read(azure, place, context);
  if (visibility === 'private') await unlink(azure, place, context);
  await azure.find('deleting the zone', context, async (o) => {
    if (visibility === 'public')
      await azure.zones.zones.beginDeleteAndWait(group, zone, { ...o, updateIntervalInMs: 500 });
    else await azure.privateZones.privateZones.delete(group, zone, o).submitted();
  });
  await azure.until('gone', `zone ${zone}`, context, () => read(azure, place, context));
  const owner = ownerIn(found?.tags);
  // The list of a group's contents lags behind: a zone that it does not show yet must not go with it.
  const others = await zonesIn(azure, group, context);
  if (!owner || others > 0) return;
  try {
    await removeGroupIfEmpty(azure.resources(GROUP_REGION), owner, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw dnsErrorOf(error);
  }
}

async function zonesIn(azure: AzureDns, group: string, context: DnsContext): Promise<number> {
  const lists = await Promise.all([
    azure.all<unknown>('listing zones', context, (o) => azure.zones.zones.listByResourceGroup(group, o)),
    azure.all<unknown>('listing private zones', context, (o) =>
      azure.privateZones.privateZones.listByResourceGroup(group, o),
    ),
  ]);
  return lists.flat().length;
}

export async function listOwnedZones(
  azure: AzureDns,
  asked: { organizationId: string; networkId?: string },
  context: DnsContext,
): Promise<(ZoneState & { networkId: string; key: string })[]> {
  const [open, closed] = await Promise.all([
    azure.all('listing zones', context, (o) => azure.zones.zones.list(o)),
    azure.all('listing private zones', context, (o) => azure.privateZones.privateZones.list(o)),
  ]);
  return [...open, ...closed].flatMap((one: Found & { name?: string }) => {
    const owner = ownerBy(one.tags);
    const mine =
      owner?.organizationId === asked.organizationId &&
      (!asked.networkId || owner.networkId === asked.networkId);
    if (!owner || !mine || !one.name) return [];
    const state = stateOf(azure, placeOf({ ...owner, name: one.name }), one);
    return [{ ...state, networkId: owner.networkId, key: owner.key }];
  });
}
