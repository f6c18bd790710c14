import type { CloudAccount, DriftFinding } from '@skein/database/generated/client.ts';
import { type Tagged, taggedIn, unknownOf } from '../../drift/orphans.ts';
import { StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';
import { DELETE_ORDER } from './delete.ts';
import { type Failed, gathered } from './gathered.ts';
import { callOf, gone, inputOf } from './site.ts';

/**
 * Kind `delete-orphans`: what was found with our tag and in no book goes from its cloud. Its tags are read again right
 * before, and it is left alone where our books know it by now.
 */
export const deleteOrphans: StepHandler = async (run) => {
  const { organizationId } = run.step;
  const findings = await run.context.database.driftFinding.findMany({
    where: { organizationId, id: { in: inputOf(run).findings ?? [] }, what: 'orphan', state: 'healing' },
  });
  const failures: Failed[] = [];
  for (const [accountId, ofAccount] of Map.groupBy(findings, (one) => one.cloudAccountId)) {
    const account = await run.context.database.cloudAccount.findFirst({
      where: { id: accountId, organizationId },
    });
    if (!account) throw gone('The cloud account is gone.');
    const here = await whatIsThere(run, account, ofAccount);
    for (const kind of DELETE_ORDER) {
      const ofKind = ofAccount.filter((one) => one.kind === kind);
      const results = await Promise.allSettled(ofKind.map((one) => deleteOne(run, one, here, ofAccount)));
      for (const [index, result] of results.entries()) {
        const one = ofKind[index];
        if (result.status === 'rejected' && one)
          failures.push({ what: `${one.key} (${one.externalId})`, error: result.reason });
      }
    }
  }
  if (failures.length > 0) throw gathered(run, 'Not deleted', failures);
  return { deleted: findings.length };
};

async function whatIsThere(
  run: StepRun,
  account: CloudAccount,
  findings: readonly DriftFinding[],
): Promise<{ tagged: Tagged[]; unknown: Set<Tagged> }> {
  const regions = [...new Set(findings.map((one) => one.region))].filter((region) => region !== 'global');
  const { tagged, unseen } = await taggedIn(run.context, account, regions, run.signal);
  const [first] = unseen;
  if (first)
    throw new StepFailure({
      code: 'unseen',
      message: `Nothing was deleted: ${first.where} could not be looked at. ${first.reason}`,
      remedy: null,
      retryable: true,
    });
  return { tagged, unknown: new Set(await unknownOf(run.context, tagged)) };
}

async function deleteOne(
  run: StepRun,
  finding: DriftFinding,
  here: { tagged: readonly Tagged[]; unknown: ReadonlySet<Tagged> },
  chosen: readonly DriftFinding[],
): Promise<void> {
  const found = here.tagged.find((one) => one.kind === finding.kind && one.externalId === finding.externalId);
  if (found) {
    // A deletion goes by tags: whatever else carries the same goes with it, so all of it must have been chosen.
    const twins = here.tagged.filter(
      (one) =>
        one.kind === found.kind &&
        one.region === found.region &&
        one.networkId === found.networkId &&
        one.clusterId === found.clusterId &&
        one.key === found.key,
    );
    const others = twins.filter((twin) => !chosen.some((one) => one.externalId === twin.externalId));
    if (!here.unknown.has(found) || others.length > 0)
      throw new StepFailure({
        code: 'not-an-orphan',
        message: `${finding.externalId} is left alone: ${
          others.length > 0
            ? `${others.map((one) => one.externalId).join(', ')} has the same tags and would go with it`
            : 'Skein’s books know it by now'
        }.`,
        remedy: 'Look for orphans again.',
        retryable: false,
      });
    await found.remove(callOf(run));
  }
  await run.write((tx) =>
    tx.driftFinding.update({
      where: { id: finding.id },
      data: { state: 'healed', endedAt: run.context.now() },
    }),
  );
  run.log(
    found ? `Deleted ${finding.key} (${finding.externalId}).` : `${finding.externalId} was gone already.`,
  );
}
