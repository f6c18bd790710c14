/**
 * Zones of a PowerDNS server. A name can be served once, so a zone is ours when its account field says so; that field is
 * short and holds a hash of the owner, and metadata tells the owner in full.
 */
import { unlessMissing } from '../bounded-call.ts';
import { plainName } from '../change-set.ts';
import { type DnsContext, DnsError, type ZoneSpec, type ZoneState } from '../provider.ts';
import { ownerHash, ownerIn, ownerText, type ZoneOwner } from '../zone-owner.ts';
import type { PowerDnsApi, PowerDnsZone } from './api.ts';

/** Kinds of one's own start with X-. */
const OWNER = 'X-SKEIN-OWNER';

export const accountOf = (owner: ZoneOwner) => `skein-${ownerHash(owner)}`;
const pathOf = (name: string) => `/zones/${encodeURIComponent(`${plainName(name)}.`)}`;

export const readZone = (api: PowerDnsApi, name: string, context: DnsContext) =>
  api.call<PowerDnsZone>('reading the zone', context, 'GET', pathOf(name));

/** Ours, or undefined: one of that name that somebody else made is none. */
export async function findZone(
  api: PowerDnsApi,
  at: ZoneOwner & { name: string },
  context: DnsContext,
): Promise<PowerDnsZone | undefined> {
  const found = await unlessMissing(readZone(api, at.name, context));
  return found?.account === accountOf(at) ? found : undefined;
}

const valuesAt = (zone: PowerDnsZone, type: string) =>
  (zone.rrsets ?? [])
    .filter((set) => set.type === type && plainName(set.name) === plainName(zone.name))
    .flatMap((set) => (set.records ?? []).map((record) => record.content));

export function zoneState(zone: PowerDnsZone): ZoneState {
  const name = plainName(zone.name);
  return {
    externalId: name,
    name,
    visibility: 'public',
    nameServers: valuesAt(zone, 'NS').map(plainName).sort(),
  };
}

async function create(api: PowerDnsApi, spec: ZoneSpec, context: DnsContext): Promise<PowerDnsZone> {
  const wish = {
    name: `${plainName(spec.name)}.`,
    kind: 'Native',
    nameservers: [],
    account: accountOf(spec),
  };
  try {
    return await api.call<PowerDnsZone>('creating the zone', context, 'POST', '/zones', wish);
  } catch (error) {
    if (!(error instanceof DnsError && error.code === 'conflict')) throw error;
    // Somebody was faster: another of us, or an earlier call of ours whose answer was lost.
    const taken = await findZone(api, spec, context);
    if (taken) return taken;
    throw new DnsError(
      'not-ours',
      `PowerDNS serves a zone ${spec.name} that Skein did not make; it is left alone.`,
      {
        remedy: 'Give the network a zone of its own below it, or delete that zone first.',
      },
    );
  }
}

/** A zone is born without name servers where none are named: those of its SOA are the server's own word. */
async function nameServers(api: PowerDnsApi, zone: PowerDnsZone, context: DnsContext): Promise<PowerDnsZone> {
  if (valuesAt(zone, 'NS').length > 0) return zone;
  const primary = valuesAt(zone, 'SOA')[0]?.split(' ')[0];
  if (!primary) throw new DnsError('unavailable', `PowerDNS made the zone ${zone.name} without SOA.`);
  const set = {
    name: zone.name,
    type: 'NS',
    ttl: 3600,
    changetype: 'REPLACE',
    records: [{ content: primary }],
  };
  await api.call('naming the zone’s name server', context, 'PATCH', pathOf(zone.name), { rrsets: [set] });
  return readZone(api, zone.name, context);
}

export async function reconcileZone(
  api: PowerDnsApi,
  spec: ZoneSpec,
  context: DnsContext,
): Promise<ZoneState> {
  if (spec.visibility === 'private')
    throw new DnsError('invalid', `PowerDNS knows no private zones: ${spec.name} cannot be one.`);
  const found = (await findZone(api, spec, context)) ?? (await create(api, spec, context));
  const zone = await nameServers(
    api,
    found.rrsets ? found : await readZone(api, spec.name, context),
    context,
  );
  await api.call('noting the zone’s owner', context, 'PUT', `${pathOf(spec.name)}/metadata/${OWNER}`, {
    kind: OWNER,
    metadata: [ownerText(spec)],
  });
  return zoneState(zone);
}

/** The zone must hold no records but its own. Deleting what is gone succeeds. */
export async function removeZone(api: PowerDnsApi, name: string, context: DnsContext): Promise<void> {
  await unlessMissing(api.call('deleting the zone', context, 'DELETE', pathOf(name)));
}

export async function listOwnedZones(
  api: PowerDnsApi,
  asked: { organizationId: string; networkId?: string },
  context: DnsContext,
): Promise<(ZoneState & { networkId: string; key: string })[]> {
  const all = await api.call<PowerDnsZone[]>('listing zones', context, 'GET', '/zones?dnssec=false');
  const answer = [];
  for (const { name, account } of all) {
    if (!account?.startsWith('skein-')) continue;
    const metadata = await unlessMissing(
      api.call<{ metadata?: string[] }>(
        'reading the zone’s owner',
        context,
        'GET',
        `${pathOf(name)}/metadata/${OWNER}`,
      ),
    );
    const owner = ownerIn(metadata?.metadata?.[0]);
    const mine =
      owner?.organizationId === asked.organizationId &&
      (!asked.networkId || owner.networkId === asked.networkId) &&
      account === accountOf(owner);
    const zone = mine ? await unlessMissing(readZone(api, name, context)) : undefined;
    if (owner && zone) answer.push({ ...zoneState(zone), networkId: owner.networkId, key: owner.key });
  }
  return answer;
}
