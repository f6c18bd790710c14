/** Whom AWS takes us for. Needs no permission at all, so it fails on a bad key only. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { CallContext } from '../provider.ts';
import { ask, required } from './ask.ts';
import { clientConfig } from './client-config.ts';
import type { AwsAccount } from './request-settings.ts';

/** @returns the ARN. @throws CloudError `unauthenticated`. */
export async function whoAmI(account: AwsAccount, context: CallContext): Promise<string> {
  const sts = new STSClient(clientConfig(account));
  try {
    const answer = await ask('asking who we are', context, (options) =>
      sts.send(new GetCallerIdentityCommand({}), options),
    );
    return required(answer.Arn, 'an ARN');
  } finally {
    sts.destroy();
  }
}
