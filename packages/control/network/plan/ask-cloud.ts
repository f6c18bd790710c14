import type { Cloud } from '@skein/clouds/provider.ts';
import { CloudError } from '@skein/clouds/provider.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { openCloud } from '../../cloud/open.ts';
import type { Context } from '../../context.ts';

/** Why a cloud could not be asked, in words for people. */
export type Asked<T> = { answer: T } | { problem: string; gone: boolean };

/**
 * Asks the cloud of one of the organization's accounts something that changes nothing there. It has `seconds` for it; a
 * cloud that refuses or does not answer is a `problem`. `gone` says that there is no such account.
 */
export async function askCloud<T>(
  context: Context,
  at: { cloudAccountId: string; region: string },
  seconds: number,
  ask: (cloud: Cloud, call: Parameters<Cloud['quotas']>[0]) => Promise<T>,
): Promise<Asked<T>> {
  const { organizationId } = context.actor;
  const account = await context.database.cloudAccount.findFirst({
    where: { id: at.cloudAccountId, organizationId },
  });
  if (!account) return { problem: 'There is no such cloud account.', gone: true };
  const signal = AbortSignal.timeout(seconds * 1000);
  const call = { signal, waitingFor: () => {}, attempt: 1, resume: resumeInMemory() };
  try {
    return { answer: await ask(openCloud(context, account, at.region), call) };
  } catch (error) {
    if (signal.aborted)
      return { problem: `${account.name} gave no answer within ${seconds} s.`, gone: false };
    if (!(error instanceof CloudError)) throw error;
    return { problem: [error.message, error.remedy].filter(Boolean).join(' '), gone: false };
  }
}
