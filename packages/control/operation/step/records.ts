import type { CloudResource } from '@skein/database/generated/client.ts';
import { privateZoneRecords, publicZoneRecords } from '@skein/mesh/name/zone.ts';
import type { Snapshot } from '@skein/mesh/network.ts';
import { openDns } from '../../cloud/open.ts';
import { loadSnapshot } from '../../map/snapshot.ts';
import { StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';
import { making } from './ledger.ts';
import { recordsDigest } from './names.ts';
import { eachZone } from './side-by-side.ts';
import { callOf, gone } from './site.ts';
import { readZone } from './states.ts';
import { bindPrivateZone } from './zones.ts';

/** Kind `records`: each hosted zone answers what the network is now, and where. */
export const writeRecords: StepHandler = async (run) => {
  const { organizationId, networkId } = run.step;
  const { database } = run.context;
  const snapshot = await loadSnapshot(database, networkId);
  if (!snapshot) throw gone('The network is gone.');
  const zones = await database.cloudResource.findMany({
    where: {
      organizationId,
      networkId,
      kind: 'zone',
      status: 'present',
      OR: [{ clusterId: null }, { cluster: { deletedAt: null, state: { not: 'deleting' } } }],
    },
    orderBy: { key: 'asc' },
  });
  const refused: { name: string; reason: string }[] = [];
  await eachZone(
    run,
    zones.map((row) => ({
      what: row.summary,
      work: async () => void refused.push(...(await writeZone(run, snapshot, row))),
    })),
  );
  if (refused.length > 0)
    throw new StepFailure({
      code: 'name-taken',
      message: `Some names could not be written; all others were: ${refused
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((one) => `${one.name} (${one.reason})`)
        .join(', ')}.`,
      remedy:
        'Where a name is somebody else’s, remove its records from the zone or rename the peer; then retry this step.',
      retryable: false,
    });
  await run.write((tx) =>
    tx.network.update({
      where: { id: networkId },
      data: { recordsRevision: snapshot.number, recordsDigest: recordsDigest(snapshot) },
    }),
  );
  return { revision: snapshot.number, zones: zones.length };
};

/** One zone's records. @returns names that could not be written, with the reason. */
async function writeZone(
  run: StepRun,
  snapshot: Snapshot,
  row: CloudResource,
): Promise<{ name: string; reason: string }[]> {
  const { organizationId, networkId } = run.step;
  const account = await run.context.database.cloudAccount.findFirst({
    where: { id: row.cloudAccountId, organizationId },
  });
  if (!account) throw gone('The cloud account that holds a zone is gone.');
  if (row.clusterId !== null) await bindPrivateZone(run, snapshot, row);
  const zone = readZone(row.state);
  const wanted =
    row.clusterId === null ? publicZoneRecords(snapshot) : privateZoneRecords(snapshot, row.clusterId);
  const outcome = await making(
    run,
    {
      clusterId: row.clusterId,
      account,
      region: row.region,
      key: row.key.replace('zone/', 'records/'),
      kind: 'record',
      spec: { names: wanted.length },
      summary: `${wanted.length} names in the ${zone.visibility} zone ${zone.name}`,
    },
    () => openDns(run.context, account).reconcileRecords(zone, networkId, wanted, callOf(run)),
    () => null,
  );
  if (outcome.removed.length > 0)
    run.log(`Removed ${outcome.removed.join(', ')} from the ${zone.visibility} zone.`);
  return outcome.refused;
}
