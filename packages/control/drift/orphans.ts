import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import { ProviderId } from '@skein/contract/primitive.ts';
import type { CloudAccount } from '@skein/database/generated/client.ts';
import { openCloud, openDns } from '../cloud/open.ts';
import type { Context } from '../context.ts';
import { atMost } from './check.ts';
import { bounded, type Unseen, wordsOf } from './look.ts';
import { shelfOf } from './shelf.ts';

/** One resource that carries our organization's tag, and whose it says it is. */
export interface Tagged {
  kind: 'network' | 'peering' | 'firewall' | 'address' | 'instance' | 'zone';
  region: string;
  externalId: string;
  networkId: string;
  /** Null for a public zone. */
  clusterId: string | null;
  /** As in our books. */
  key: string;
  /** Takes it away, by its tags alone. Other resources with the very same tags go with it. */
  remove: (call: CallContext) => Promise<void>;
}
export interface Place {
  /** `global` for DNS zones. */
  region: string;
  kind: Tagged['kind'];
}

const REGIONS_AT_ONCE = 4;
const KINDS = ['network', 'peering', 'firewall', 'address', 'instance'] as const;

/**
 * All that carries our organization's tag in an account, in these regions and among its zones.
 * `seen` says where it could be looked, by region and kind.
 */
export async function taggedIn(
  context: Context,
  account: CloudAccount,
  regions: readonly string[],
  signal: AbortSignal,
): Promise<{ tagged: Tagged[]; seen: Place[]; unseen: Unseen[] }> {
  const { organizationId } = account;
  const tagged: Tagged[] = [];
  const seen: Place[] = [];
  const unseen: Unseen[] = [];
  const attempt = async (place: Place, work: () => Promise<Tagged[]>): Promise<boolean> => {
    try {
      tagged.push(...(await work()));
      seen.push(place);
      return true;
    } catch (error) {
      unseen.push({ where: `${place.kind}s in ${place.region} of ${account.name}`, reason: wordsOf(error) });
      return false;
    }
  };
  const inRegion = async (region: string) => {
    const cloud = openCloud(context, account, region);
    for (const kind of KINDS) {
      const go = await attempt({ region, kind }, async () => {
        const all = await bounded(signal, (call) => shelfOf(cloud, kind).list({ organizationId }, call));
        return all.map(({ externalId, key, owner }) => ({
          kind,
          region,
          externalId,
          key,
          networkId: owner.networkId,
          clusterId: owner.clusterId,
          remove: (call) => shelfOf(cloud, kind).delete({ owner, key }, call),
        }));
      });
      // A region that does not answer, or is not open to this account, answers no better to the next question.
      if (!go) return;
    }
  };
  const zones = async () => {
    const dns = openDns(context, account);
    const all = await bounded(signal, (call) => dns.listZones({ organizationId }, call));
    return all.map(({ externalId, networkId, key, name }): Tagged => {
      const [visibility = key, clusterId = null] = key.split('/');
      return {
        kind: 'zone',
        region: 'global',
        externalId,
        networkId,
        clusterId,
        key: `zone/${visibility}`,
        remove: (call) => dns.deleteZone({ organizationId, networkId, key, name }, call),
      };
    });
  };
  await Promise.all([
    atMost(REGIONS_AT_ONCE, regions, inRegion),
    attempt({ region: 'global', kind: 'zone' }, zones),
  ]);
  return { tagged, seen, unseen };
}

/** Regions in which our books say that the account ever held something; with `all`, every region of its provider. */
export async function regionsOf(context: Context, account: CloudAccount, all: boolean): Promise<string[]> {
  const provider = ProviderId.safeParse(account.provider).data;
  if (!provider) return [];
  const { organizationId, id: cloudAccountId } = account;
  const rows = await context.database.cloudResource.findMany({
    where: { organizationId, cloudAccountId, region: { not: 'global' } },
    distinct: ['region'],
    select: { region: true },
  });
  const offered = all ? REGISTRY[provider].provider.regions.map((region) => region.id) : [];
  return [...new Set([...rows.map((row) => row.region), ...offered])].sort();
}

/** What was deleted may be listed for a while yet. */
const FORGOTTEN_AFTER_SECONDS = 120;

/** Of what is tagged, that which is in no book of ours: neither made by an operation nor just now deleted by one. */
export async function unknownOf(context: Context, tagged: readonly Tagged[]): Promise<Tagged[]> {
  const { organizationId } = context.actor;
  const lately = new Date(context.now().getTime() - FORGOTTEN_AFTER_SECONDS * 1000);
  const rows = await context.database.cloudResource.findMany({
    where: {
      organizationId,
      networkId: { in: [...new Set(tagged.map((one) => one.networkId))] },
      OR: [{ status: { not: 'gone' } }, { updatedAt: { gt: lately } }],
    },
    select: { networkId: true, clusterId: true, key: true },
  });
  const known = new Set(rows.map(nameIn));
  return tagged.filter((one) => !known.has(nameIn(one)));
}

const nameIn = (one: { networkId: string; clusterId: string | null; key: string }) =>
  JSON.stringify([one.networkId, one.clusterId, one.key]);

const SECOND_LOOK_SECONDS = 4;

/** Everything tagged and unknown that two looks, some seconds apart, agree on. Books are read after each look. */
export async function findOrphans(
  context: Context,
  account: CloudAccount,
  regions: readonly string[],
  signal: AbortSignal,
): Promise<{ orphans: Tagged[]; seen: Place[]; unseen: Unseen[] }> {
  const first = await taggedIn(context, account, regions, signal);
  const suspects = await unknownOf(context, first.tagged);
  if (suspects.length === 0) return { orphans: [], seen: first.seen, unseen: first.unseen };
  await sleep(SECOND_LOOK_SECONDS * 1000, undefined, { signal });
  const again = [...new Set(suspects.map((one) => one.region))].filter((region) => region !== 'global');
  const second = await taggedIn(context, account, again, signal);
  const still = new Set((await unknownOf(context, second.tagged)).map((one) => one.externalId));
  const lost = (place: Place) =>
    suspects.some((one) => one.kind === place.kind && one.region === place.region) &&
    !second.seen.some((one) => one.kind === place.kind && one.region === place.region);
  return {
    orphans: suspects.filter((one) => still.has(one.externalId)),
    seen: first.seen.filter((place) => !lost(place)),
    unseen: [...first.unseen, ...second.unseen],
  };
}
