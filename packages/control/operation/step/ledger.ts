import { newId } from '@skein/contract/primitive.ts';
import type { CloudAccount, CloudResource } from '@skein/database/generated/client.ts';
import type { Json, StepRun } from '../engine/step-run.ts';

/** What is about to be made. `spec` holds no user-data and no secret. */
export interface Intent {
  clusterId: string | null;
  account: Pick<CloudAccount, 'id' | 'provider'>;
  region: string;
  key: string;
  kind: 'network' | 'peering' | 'firewall' | 'address' | 'instance' | 'zone' | 'record';
  spec: Json;
  summary: string;
}

/**
 * Writes what is wanted, asks the cloud for it, writes what it answered. The intent comes first, so that whatever a
 * dying worker leaves in a cloud is known to us and can be deleted.
 */
export async function making<State extends object>(
  run: StepRun,
  intent: Intent,
  make: () => Promise<State>,
  externalIdOf: (state: State) => string | null,
): Promise<State> {
  const row = await want(run, intent);
  const state = await make();
  await run.write((tx) =>
    tx.cloudResource.update({
      where: { id: row.id },
      data: {
        status: 'present',
        externalId: externalIdOf(state),
        state: plain(state),
        fence: run.step.fence,
      },
    }),
  );
  if (row.status !== 'present') run.log(`Made ${intent.summary}.`);
  return state;
}

async function want(run: StepRun, intent: Intent): Promise<CloudResource> {
  const { organizationId, networkId, fence } = run.step;
  const { clusterId, key, spec, summary } = intent;
  return run.write(async (tx) => {
    const found = await tx.cloudResource.findFirst({
      where: { organizationId, networkId, clusterId, key, status: { not: 'gone' } },
    });
    if (found) {
      const status = found.status === 'deleting' ? 'wanted' : found.status;
      return tx.cloudResource.update({ where: { id: found.id }, data: { spec, summary, status, fence } });
    }
    const { account, region, kind } = intent;
    const place = { cloudAccountId: account.id, provider: account.provider, region };
    return tx.cloudResource.create({
      data: {
        ...place,
        id: newId('cloudResource', run.context.random),
        organizationId,
        networkId,
        clusterId,
        key,
        kind,
        spec,
        summary,
        fence,
        createdAt: run.context.now(),
      },
    });
  });
}

/** Marks the row as on its way out, has the cloud delete what it names, marks it gone. */
export async function unmaking(run: StepRun, row: CloudResource, unmake: () => Promise<void>): Promise<void> {
  const { fence } = run.step;
  await run.write((tx) =>
    tx.cloudResource.update({ where: { id: row.id }, data: { status: 'deleting', fence } }),
  );
  await unmake();
  await run.write((tx) =>
    tx.cloudResource.update({ where: { id: row.id }, data: { status: 'gone', fence } }),
  );
  run.log(`Deleted ${row.summary}.`);
}

/** For what was never ours: the row is over, the cloud is not asked. */
export async function forgetting(run: StepRun, row: CloudResource): Promise<void> {
  const { fence } = run.step;
  await run.write((tx) =>
    tx.cloudResource.update({ where: { id: row.id }, data: { status: 'gone', fence } }),
  );
  run.log(`Left alone, since Skein did not make it: ${row.summary}.`);
}

/** What the cloud answered for a resource of the cluster that is there, or undefined. */
export async function recorded<State>(
  run: StepRun,
  at: { clusterId: string | null; key: string },
  read: (state: unknown) => State,
): Promise<State | undefined> {
  const { organizationId, networkId } = run.step;
  const row = await run.context.database.cloudResource.findFirst({
    where: { organizationId, networkId, ...at, status: 'present' },
  });
  return row ? read(row.state) : undefined;
}

/** Through JSON: classes and undefined have no place in a column. */
function plain(state: object): Json {
  return JSON.parse(JSON.stringify(state)) as Json;
}
