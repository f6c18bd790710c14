/** Which permissions the account's credentials have: by dry runs where AWS has them, else by asking IAM. */
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { type CallContext, CloudError, type Permission } from '../provider.ts';
import { ask } from './ask.ts';
import { clientConfig } from './client-config.ts';
import type { Connection } from './connection.ts';
import { DRY_RUNS } from './dry-runs.ts';
import { awsCodeOf } from './errors.ts';
import { CREATE_ACTIONS } from './permissions.ts';
import { examplesOf, isHeldToTags } from './policy.ts';
import type { AwsAccount } from './request-settings.ts';

const AT_ONCE = 6;

/**
 * True or false for each permission; null where nobody tells. Changes nothing.
 * @param identity the ARN that AWS gave for us
 */
export async function allowed(
  account: AwsAccount,
  connection: Connection,
  identity: string,
  permissions: readonly Permission[],
  context: CallContext,
): Promise<Map<string, boolean | null>> {
  const verdicts = new Map<string, boolean | null>();
  const iam = new IAMClient({ ...clientConfig({ ...account, region: 'us-east-1' }) });
  const left = permissions.map((one) => one.action);
  const judge = async () => {
    for (let action = left.shift(); action !== undefined; action = left.shift()) {
      const run = DRY_RUNS[action];
      const dry = run ? await dryRun(run, connection, context) : null;
      // Where the policy holds an action to our tags, a dry run on what does not exist is refused even so.
      const sure = dry === true || (dry === false && !isHeldToTags(action));
      verdicts.set(action, sure ? dry : await simulate(iam, account, identity, action, context));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, judge));
  } finally {
    iam.destroy();
  }
  return verdicts;
}

/** AWS judges the permission first: any answer but its own refusal means that it is there. */
async function dryRun(
  run: (typeof DRY_RUNS)[string],
  { ec2 }: Connection,
  context: CallContext,
): Promise<boolean> {
  try {
    await ask('a dry run', context, (options) => run(ec2, options));
    return true;
  } catch (error) {
    if (!(error instanceof CloudError) || error.retryable || error.code === 'unauthenticated') throw error;
    return awsCodeOf(error) !== 'UnauthorizedOperation';
  }
}

async function simulate(
  iam: IAMClient,
  account: AwsAccount,
  identity: string,
  action: string,
  context: CallContext,
): Promise<boolean | null> {
  const { organizationId } = account.identity;
  const source = 'roleArn' in account.credentials ? account.credentials.roleArn : identity;
  const at = { region: account.region, account: identity.split(':')[4] ?? '' };
  const resources = action === 'iam:SimulatePrincipalPolicy' ? [source] : examplesOf(action, at);
  const text = (ContextKeyName: string, ...ContextKeyValues: string[]) => ({
    ContextKeyName,
    ContextKeyType: 'string' as const,
    ContextKeyValues,
  });
  try {
    const answer = await ask('asking what we may do', context, (options) =>
      iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: source,
          ActionNames: [action],
          ...(resources.length > 0 && { ResourceArns: resources }),
          ContextEntries: [
            text('aws:ResourceTag/skein-organization', organizationId),
            text('aws:RequestTag/skein-organization', organizationId),
            text('ec2:CreateAction', CREATE_ACTIONS[0] ?? ''),
            text('iam:PassedToService', 'ec2.amazonaws.com'),
          ],
        }),
        options,
      ),
    );
    const results = answer.EvaluationResults ?? [];
    return results.length > 0 && results.every((one) => one.EvalDecision === 'allowed');
  } catch (error) {
    if (error instanceof CloudError && (error.code === 'forbidden' || error.code === 'not-found'))
      return null;
    throw error;
  }
}
