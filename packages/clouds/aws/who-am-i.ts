/** Whom AWS takes us for. Needs no permission at all, so it fails on a bad key only. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { CallContext } from '../provider.ts';
import { ask, type Connection, required } from './connection.ts';

/** @returns the ARN. @throws CloudError `unauthenticated`. */
export async function whoAmI({ sts }: Connection, context: CallContext): Promise<string> {
  const answer = await ask('asking who we are', context, (options) =>
    sts.send(new GetCallerIdentityCommand({}), options),
  );
  return required(answer.Arn, 'an ARN');
}
