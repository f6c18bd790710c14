import { CloudError } from '@skein/clouds/provider.ts';
import { REGISTRY } from '@skein/clouds/registry.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { openCloud, type SealedAccount } from '../cloud/open.ts';
import type { Context } from '../context.ts';

const TIMEOUT_SECONDS = 20;

/** For what is the same in all regions. */
export const anyRegion = (provider: ProviderId) => REGISTRY[provider].provider.regions[0]?.id ?? '';

/**
 * Asks the cloud who we are by the account's credentials. A cloud that refuses or does not answer is a `problem` in
 * words. `holder` is the cloud's own account behind it.
 */
export async function askWho(
  context: Context,
  account: SealedAccount,
): Promise<{ identity: string; holder: string | null } | { problem: string }> {
  const call = {
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
    waitingFor: () => {},
    attempt: 1,
    resume: resumeInMemory(),
  };
  try {
    const cloud = openCloud(context, account, anyRegion(account.provider));
    const identity = await cloud.whoAmI(call);
    return { identity, holder: cloud.holder(identity) };
  } catch (error) {
    if (call.signal.aborted) return { problem: `The cloud gave no answer within ${TIMEOUT_SECONDS} s.` };
    if (error instanceof CloudError)
      return { problem: [error.message, error.remedy].filter(Boolean).join(' ') };
    throw error;
  }
}
