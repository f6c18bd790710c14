import { openCloud, openDns } from '@skein/control/cloud/open.ts';
import type { Practice } from '../../provision/practice.ts';

const LIMIT_SECONDS = 60;

/** What carries our organization's tag in a cloud and is not in our books. */
export async function orphansOf(practice: Practice): Promise<string[]> {
  const { context } = practice;
  const { organizationId } = context.actor;
  const rows = await context.database.cloudResource.findMany({
    where: { organizationId, status: { not: 'gone' } },
  });
  const known = new Set(rows.map((row) => row.externalId));
  const call = () => ({
    signal: AbortSignal.timeout(LIMIT_SECONDS * 1000),
    waitingFor: () => {},
    attempt: 1,
    resume: { load: async () => undefined, save: async () => {} },
  });
  const orphans: string[] = [];
  const places = new Map(
    practice.threeClouds.clusters.map((one) => [`${one.cloudAccountId} ${one.region}`, one]),
  );
  for (const { cloudAccountId, region } of places.values()) {
    const account = await context.database.cloudAccount.findUniqueOrThrow({
      where: { id: cloudAccountId ?? '' },
    });
    const cloud = openCloud(context, account, region);
    for (const kind of ['instances', 'addresses', 'firewalls', 'networks'] as const)
      for (const one of await cloud[kind].list({ organizationId }, call()))
        if (!known.has(one.externalId)) orphans.push(`${kind} ${one.externalId}`);
    for (const zone of await openDns(context, account).listZones({ organizationId }, call()))
      if (!known.has(zone.externalId)) orphans.push(`zone ${zone.externalId}`);
  }
  return orphans;
}
