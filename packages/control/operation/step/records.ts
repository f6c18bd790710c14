import { privateZoneRecords, publicZoneRecords } from '@skein/mesh/name/zone.ts';
import { openDns } from '../../cloud/open.ts';
import { loadSnapshot } from '../../map/snapshot.ts';
import { StepFailure, type StepHandler } from '../engine/step-run.ts';
import { making } from './ledger.ts';
import { recordsDigest } from './names.ts';
import { callOf, gone } from './site.ts';
import { readZone } from './states.ts';

/** Kind `records`: each hosted zone answers what the network is now. */
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
  for (const row of zones) {
    const account = await database.cloudAccount.findFirst({
      where: { id: row.cloudAccountId, organizationId },
    });
    if (!account) throw gone('The cloud account that holds a zone is gone.');
    const zone = readZone(row.state);
    const wanted =
      row.clusterId === null ? publicZoneRecords(snapshot) : privateZoneRecords(snapshot, row.clusterId);
    const key = row.key.replace('zone/', 'records/');
    const place = { clusterId: row.clusterId, account, region: row.region, key, kind: 'record' as const };
    const outcome = await making(
      run,
      {
        ...place,
        spec: { names: wanted.length },
        summary: `${wanted.length} names in the ${zone.visibility} zone ${zone.name}`,
      },
      () => openDns(run.context, account).reconcileRecords(zone, networkId, wanted, callOf(run)),
      () => null,
    );
    refused.push(...outcome.refused);
    if (outcome.removed.length > 0)
      run.log(`Removed ${outcome.removed.join(', ')} from the ${zone.visibility} zone.`);
  }
  if (refused.length > 0)
    throw new StepFailure({
      code: 'name-taken',
      message: `Some names belong to somebody else: ${refused.map((one) => `${one.name} (${one.reason})`).join(', ')}.`,
      remedy: 'Remove these records from the zone, or rename the peers, then retry this step.',
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
