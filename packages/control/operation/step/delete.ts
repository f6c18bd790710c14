import type { CloudResource } from '@skein/database/generated/client.ts';
import { openCloud, openDns } from '../../cloud/open.ts';
import { providerError } from '../engine/provider-error.ts';
import { LeaseLost, StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';
import { unmaking } from './ledger.ts';
import { callOf, gone, inputOf } from './site.ts';
import { privateZoneKey } from './zones.ts';

/** In the order in which a cloud lets go. Records go with their zone. */
const ORDER = ['zone', 'record', 'instance', 'address', 'firewall', 'network'];

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
  });
  const failures: unknown[] = [];
  for (const kind of ORDER) {
    const results = await Promise.allSettled(
      rows.filter((row) => row.kind === kind).map((row) => deleteOne(run, row)),
    );
    for (const one of results) if (one.status === 'rejected') failures.push(one.reason);
  }
  if (failures.length > 0) throw gathered(run, failures);
  return { deleted: rows.length };
};

async function deleteOne(run: StepRun, row: CloudResource): Promise<void> {
  const { context } = run;
  const { organizationId, networkId } = row;
  const account = await context.database.cloudAccount.findFirst({
    where: { id: row.cloudAccountId, organizationId },
  });
  if (!account) throw gone(`The cloud account that holds ${row.summary} is gone.`);
  const call = callOf(run);
  const cloud = () => openCloud(context, account, row.region);
  const at = { owner: { organizationId, networkId, clusterId: row.clusterId ?? '' }, key: row.key };
  const verbs: Record<string, () => Promise<void>> = {
    zone: async () => {
      const network = await context.database.network.findUniqueOrThrow({ where: { id: networkId } });
      const key = row.clusterId === null ? 'public' : privateZoneKey(row.clusterId);
      await openDns(context, account).deleteZone(
        { organizationId, networkId, key, name: network.zone },
        call,
      );
    },
    record: async () => {},
    instance: () => cloud().instances.delete(at, call),
    address: () => cloud().addresses.delete(at, call),
    firewall: () => cloud().firewalls.delete(at, call),
    network: () => cloud().networks.delete(at, call),
  };
  const verb = verbs[row.kind];
  if (!verb) throw new Error(`no way to delete a ${row.kind}`);
  await unmaking(run, row, verb);
}

/** One failure that names all; tried again by itself where at least one is worth it. */
function gathered(run: StepRun, failures: readonly unknown[]): unknown {
  run.signal.throwIfAborted();
  const lost = failures.find((one) => one instanceof LeaseLost);
  if (lost || failures.length === 1) return lost ?? failures[0];
  const details = failures.map((one) => (one instanceof StepFailure ? one.detail : providerError(one)));
  const known = details.filter((one) => one !== undefined);
  // What is ours to mend is told as such, not hidden among what clouds said.
  if (known.length < details.length) return failures[details.indexOf(undefined)];
  return new StepFailure({
    code: known[0]?.code ?? 'internal',
    message: known.map((one) => one.message).join(' '),
    remedy: known.find((one) => one.remedy)?.remedy ?? null,
    retryable: known.some((one) => one.retryable),
  });
}
