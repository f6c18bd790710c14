/** Managed zones. Their names are derived from the owner, so a second one cannot be made; labels and description say whose. */
import type { DNS, Zone } from '@google-cloud/dns';
import { waitFor } from '@skein/clouds/bounded-wait.ts';
import { CloudError } from '@skein/clouds/provider.ts';
import { unlessMissing } from '../bounded-call.ts';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError, type ZoneSpec, type ZoneState } from '../provider.ts';
import { ownerHash, ownerIn, ownerText, sameOwner, type ZoneOwner } from '../zone-owner.ts';
import { ask } from './connection.ts';

const LATE_SECONDS = 60;

/** A managed zone as the API writes it; the library has no types for it. */
export interface ManagedZone {
  name: string;
  dnsName: string;
  description?: string;
  visibility?: 'public' | 'private';
  nameServers?: string[];
  privateVisibilityConfig?: { networks?: { networkUrl?: string }[] };
}

export const zoneNameFor = (owner: ZoneOwner) => `skein-${ownerHash(owner)}`;

export function zoneState(zone: ManagedZone): ZoneState {
  return {
    externalId: zone.name,
    name: plainName(zone.dnsName),
    visibility: zone.visibility ?? 'public',
    nameServers: (zone.nameServers ?? []).map(plainName),
  };
}

const metadataOf = async (zone: Zone, context: DnsContext) =>
  (await ask('reading the zone', context, () => zone.getMetadata()))[0] as ManagedZone;

/** @throws DnsError `not-ours` when somebody else's zone has our name. */
export async function findZone(
  dns: DNS,
  at: ZoneOwner,
  context: DnsContext,
): Promise<ManagedZone | undefined> {
  const found = await unlessMissing(metadataOf(dns.zone(zoneNameFor(at)), context));
  if (!found || sameOwner(ownerIn(found.description), at)) return found;
  throw new DnsError(
    'not-ours',
    `Zone “${found.name}” has our name but not our description; it is left alone.`,
  );
}

/** Google wants whole addresses here. `id` is `projects/<p>/global/networks/<n>`. */
const networkUrl = (id: string) =>
  id.startsWith('https://') ? id : `https://www.googleapis.com/compute/v1/${id}`;
const networksOf = (spec: ZoneSpec) => spec.vpcs.map((vpc) => networkUrl(vpc.id)).sort();

const labelValue = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .slice(0, 63);

async function create(dns: DNS, spec: ZoneSpec, context: DnsContext): Promise<ManagedZone> {
  const networks = networksOf(spec).map((url) => ({ networkUrl: url }));
  const config = {
    dnsName: `${plainName(spec.name)}.`,
    description: ownerText(spec),
    visibility: spec.visibility,
    labels: {
      'skein-organization': labelValue(spec.organizationId),
      'skein-network': labelValue(spec.networkId),
      'skein-key': labelValue(spec.key),
    },
    ...(spec.visibility === 'private' ? { privateVisibilityConfig: { networks } } : {}),
  };
  try {
    const [zone] = await ask('creating the zone', context, () => dns.createZone(zoneNameFor(spec), config));
    return zone.metadata as ManagedZone;
  } catch (error) {
    if (!(error instanceof DnsError && error.code === 'conflict')) throw error;
    return whenItShows(dns, spec, error, context);
  }
}

/** The zone that was made a moment ago, by somebody quicker or with its answer lost: it may not show yet. */
async function whenItShows(
  dns: DNS,
  spec: ZoneSpec,
  conflict: DnsError,
  context: DnsContext,
): Promise<ManagedZone> {
  const wait = { what: `zone ${spec.name} to show`, limitSeconds: LATE_SECONDS, context };
  try {
    return await waitFor(() => findZone(dns, spec, context), wait);
  } catch (error) {
    // Something else of that name is in the way, and Google has said so.
    throw error instanceof CloudError && error.code === 'timeout' ? conflict : error;
  }
}

export async function reconcileZone(dns: DNS, spec: ZoneSpec, context: DnsContext): Promise<ZoneState> {
  const zone = (await findZone(dns, spec, context)) ?? (await create(dns, spec, context));
  const state = zoneState(zone);
  if (state.visibility !== spec.visibility || state.name !== plainName(spec.name)) {
    throw new DnsError(
      'conflict',
      `Zone ${zone.name} is ${state.visibility} for ${state.name}, which cannot change.`,
      {
        remedy: 'Delete it first.',
      },
    );
  }
  if (spec.visibility === 'private') {
    const held = (zone.privateVisibilityConfig?.networks ?? [])
      .map((one) => pathOf(one.networkUrl ?? ''))
      .sort();
    if (held.join() !== networksOf(spec).map(pathOf).join()) {
      const networks = networksOf(spec).map((url) => ({ networkUrl: url }));
      // The library's zones have no method for a change of the zone itself.
      await ask('binding the zone to networks', context, () =>
        dns
          .zone(zone.name)
          .request({ method: 'PATCH', uri: '', json: { privateVisibilityConfig: { networks } } }),
      );
    }
  }
  return state;
}

/** Addresses of one network differ in host and version. */
const pathOf = (url: string) => url.slice(url.indexOf('projects/'));

/** The zone must hold no records but its own. Deleting what is gone succeeds. */
export async function removeZone(dns: DNS, name: string, context: DnsContext): Promise<void> {
  await unlessMissing(ask('deleting the zone', context, () => dns.zone(name).delete()));
}

export async function listOwnedZones(
  dns: DNS,
  asked: { organizationId: string; networkId?: string },
  context: DnsContext,
): Promise<{ zone: ManagedZone; owner: ZoneOwner }[]> {
  const [zones] = await ask('listing zones', context, () => dns.getZones());
  return zones.flatMap((one) => {
    const zone = one.metadata as ManagedZone;
    const owner = ownerIn(zone.description);
    const mine =
      owner?.organizationId === asked.organizationId &&
      (!asked.networkId || owner.networkId === asked.networkId);
    return owner && mine ? [{ zone, owner }] : [];
  });
}
