import type { CloudResource } from '@skein/database/generated/client.ts';
import { z } from 'zod';
import { keptCloud } from '../../cloud/kept.ts';
import { openDns } from '../../cloud/open.ts';
import type { StepHandler, StepRun } from '../engine/step-run.ts';
import { type Failed, gathered } from './gathered.ts';
import { forgetting, unmaking } from './ledger.ts';
import { endPeering } from './peering.ts';
import { callOf, gone, inputOf } from './site.ts';
import { privateZoneKey } from './zones.ts';

/** In the order in which a cloud lets go. Records go with their zone. */
export const DELETE_ORDER = [
  'zone',
  'record',
  'instance',
  'address',
  'firewall',
  'peering',
  'network',
] as const;

/** Kind `delete`: what the step names goes from its cloud. Each is tried, whatever becomes of the others. */
export const deleteResources: StepHandler = async (run) => {
  const { organizationId, networkId, clusterId } = run.step;
  const { kinds, keys } = inputOf(run);
  const rows = await run.context.database.cloudResource.findMany({
    where: {
      organizationId,
      networkId,
      clusterId,
      status: { not: 'gone' },
      ...(kinds && { kind: { in: kinds } }),
      ...(keys && { key: { in: keys } }),
    },
    orderBy: { key: 'asc' },
  });
  const failures: Failed[] = [];
  for (const kind of DELETE_ORDER) {
    const ofKind = rows.filter((row) => row.kind === kind);
    const results = await Promise.allSettled(ofKind.map((row) => deleteOne(run, row)));
    for (const [index, one] of results.entries()) {
      const row = ofKind[index];
      if (one.status === 'rejected' && row) failures.push({ what: row.summary, error: one.reason });
    }
  }
  if (failures.length > 0) throw gathered(run, 'Not deleted', failures);
  return { deleted: rows.length };
};

async function deleteOne(run: StepRun, row: CloudResource): Promise<void> {
  const { context } = run;
  const { organizationId, networkId } = row;
  // Somebody else made it: we only stop speaking of it. In a zone there are records of ours, which go.
  const existing = Existing.safeParse(row.spec).success;
  if (existing && row.kind !== 'zone') return forgetting(run, row);
  const account = await context.database.cloudAccount.findFirst({
    where: { id: row.cloudAccountId, organizationId },
  });
  if (!account) throw gone('The cloud account that holds it is gone.');
  const call = callOf(run);
  const cloud = () => keptCloud(context, account, row.region);
  const at = { owner: { organizationId, networkId, clusterId: row.clusterId ?? '' }, key: row.key };
  const verbs: Record<string, () => Promise<void>> = {
    zone: async () => {
      const key = row.clusterId === null ? 'public' : privateZoneKey(row.clusterId);
      const { name } = Named.parse(row.spec);
      await openDns(context, account).deleteZone({ organizationId, networkId, key, name }, call);
    },
    record: async () => {},
    instance: () => cloud().instances.delete(at, call),
    address: () => cloud().addresses.delete(at, call),
    firewall: () => cloud().firewalls.delete(at, call),
    peering: () => endPeering(run, row, cloud()),
    network: () => cloud().networks.delete(at, call),
  };
  const verb = verbs[row.kind];
  if (!verb) throw new Error(`no way to delete a ${row.kind}`);
  if (existing) {
    await verb();
    return forgetting(run, row);
  }
  await unmaking(run, row, verb);
}

const Named = z.object({ name: z.string() });
const Existing = z.object({ existing: z.literal(true) });
