import { CloudError } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import type { AwsKeys } from '@skein/contract/rest/account.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../failure.ts';
import { ownIdentity } from './own-identity.ts';

const TIMEOUT_SECONDS = 20;
/** STS answers the same everywhere. */
const REGION = 'us-east-1';

/** Skein's own ARN at AWS, by asking AWS. @param endpoint replaces AWS's own addresses */
export async function ownAwsPrincipal(
  context: Context,
  keys: AwsKeys,
  endpoint: string | null,
): Promise<string> {
  const identity = ownIdentity(context, context.actor.organizationId);
  const signal = AbortSignal.timeout(TIMEOUT_SECONDS * 1000);
  try {
    return await connectCloud('aws', { credentials: keys, endpoint, region: REGION, identity }).whoAmI({
      signal,
      waitingFor: () => {},
      attempt: 1,
      resume: resumeInMemory(),
    });
  } catch (error) {
    if (signal.aborted || error instanceof CloudError)
      throw new Refusal(
        'cloud-refused',
        `AWS does not say who Skein itself is. ${error instanceof CloudError ? error.message : `There was no answer within ${TIMEOUT_SECONDS} s.`}`,
      );
    throw error;
  }
}
