import { REGISTRY } from '@skein/clouds/registry.ts';
import { ProviderId } from '@skein/contract/primitive.ts';
import type { CloudAccount } from '@skein/database/generated/client.ts';
import { openCloud, openDns } from '../../cloud/open.ts';
import { providerError } from '../engine/provider-error.ts';
import { StepFailure, type StepHandler, type StepRun } from '../engine/step-run.ts';
import { callOf } from './site.ts';

/**
 * Kind `credentials`: every account that holds something of the network (or of the step's cluster) says who we are, and
 * it is whom the account was made for. Comes before anything is deleted: under wrong keys a deletion would stop half-way,
 * and under a stranger's it would take everything for gone.
 */
export const checkCredentials: StepHandler = async (run) => {
  const { organizationId, networkId, clusterId } = run.step;
  const { database } = run.context;
  const held = await database.cloudResource.findMany({
    where: { organizationId, networkId, status: { not: 'gone' }, ...(clusterId !== null && { clusterId }) },
    select: { cloudAccountId: true, region: true },
  });
  const accounts = await database.cloudAccount.findMany({
    where: { organizationId, id: { in: held.map((row) => row.cloudAccountId) } },
    orderBy: { name: 'asc' },
  });
  const results = await Promise.allSettled(
    accounts.map((account) =>
      checkOne(
        run,
        account,
        held.find((row) => row.cloudAccountId === account.id && row.region !== 'global')?.region,
      ),
    ),
  );
  const failures = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (failures.length > 0) throw refusal(run, failures);
  run.log(
    accounts.length > 0
      ? `${accounts.map((account) => account.name).join(', ')} may be asked.`
      : 'No cloud holds anything.',
  );
  return { accounts: accounts.length };
};

class Bad extends Error {
  readonly account: string;
  constructor(account: string, cause: unknown) {
    super(account, { cause });
    this.account = account;
  }
}

/** @param region one that the account holds something in; any does where it holds zones alone. */
async function checkOne(run: StepRun, account: CloudAccount, region: string | undefined): Promise<void> {
  try {
    const provider = ProviderId.safeParse(account.provider).data;
    if (!provider) {
      const { organizationId, networkId } = run.step;
      await openDns(run.context, account).listZones({ organizationId, networkId }, callOf(run));
      return;
    }
    const cloud = openCloud(run.context, account, region ?? REGISTRY[provider].provider.regions[0]?.id ?? '');
    const said = cloud.holder(await cloud.whoAmI(callOf(run)));
    const known = account.identity === null ? null : cloud.holder(account.identity);
    if (known !== null && said !== known)
      throw new StepFailure({
        code: 'another-account',
        message: `its keys lead to ${said}, but what Skein made stands in ${known}`,
        remedy: 'Give the cloud account keys of the same account or project as before, then retry this step.',
        retryable: false,
      });
  } catch (error) {
    throw new Bad(account.name, error);
  }
}

/** One failure that names every account which cannot be used; tried again by itself where that may help all of them. */
function refusal(run: StepRun, failures: readonly unknown[]): unknown {
  run.signal.throwIfAborted();
  const details = failures.map((one) => {
    if (!(one instanceof Bad)) return undefined;
    const detail = one.cause instanceof StepFailure ? one.cause.detail : providerError(one.cause);
    return detail && { ...detail, message: `${one.account}: ${detail.message}` };
  });
  const known = details.filter((one) => one !== undefined);
  const [first] = known;
  if (!first || known.length < failures.length) {
    const ours = failures[details.indexOf(undefined)];
    return ours instanceof Bad ? ours.cause : ours;
  }
  const worst = known.find((one) => !one.retryable) ?? first;
  return new StepFailure({
    code: worst.code,
    message: `Nothing was deleted. ${known.map((one) => one.message.replace(/\.?$/, '.')).join(' ')}`,
    remedy:
      worst.remedy ?? 'Give the cloud account credentials that work (“New keys”), then retry this step.',
    retryable: known.every((one) => one.retryable),
  });
}
