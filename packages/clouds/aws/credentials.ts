/**
 * What requests to AWS are signed with: an IAM user's keys as they are kept, or the passing keys of a role that trusts
 * Skein's own account under the organization's id as ExternalId. Route 53 is signed for with the same.
 */
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { keyOf, passingCredentials } from '../passing-credentials.ts';
import { CloudError } from '../provider.ts';
import { type AwsAccount, requestSettings } from './request-settings.ts';

/** How long a role's keys are good; the shortest that AWS gives is 900. */
const SESSION_SECONDS = 3600;

interface PassingKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

const held = passingCredentials<PassingKeys>(Date.now);

/** For the SDK's `credentials`: asked with each request; the role is assumed once and again before its keys end. */
export function credentialsOf(account: AwsAccount) {
  const { credentials } = account;
  if (!('roleArn' in credentials)) {
    const { accessKeyId, secretAccessKey } = credentials;
    return { accessKeyId, secretAccessKey };
  }
  const { roleArn } = credentials;
  const { organizationId, aws } = account.identity;
  const key = keyOf(account.endpoint, roleArn, organizationId, aws?.accessKeyId ?? null);
  return async (): Promise<PassingKeys> => {
    const found = held.get(key);
    if (found) return found;
    const keys = await assume(account, roleArn);
    held.keep(key, keys, keys.expiration.getTime());
    return keys;
  };
}

async function assume(account: AwsAccount, roleArn: string): Promise<PassingKeys> {
  const { organizationId, aws } = account.identity;
  if (aws === null)
    throw new CloudError(
      'invalid',
      `This installation has no keys at AWS by which it could assume ${roleArn}.`,
      {
        remedy:
          'Set SKEIN_AWS_ACCESS_KEY_ID and SKEIN_AWS_SECRET_ACCESS_KEY for the worker and the dashboard, or give the account an access key.',
      },
    );
  const sts = new STSClient({ ...requestSettings(account), credentials: { ...aws } });
  try {
    const { Credentials: keys } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: sessionName(organizationId),
        ExternalId: organizationId,
        DurationSeconds: SESSION_SECONDS,
      }),
    );
    if (!keys?.AccessKeyId || !keys.SecretAccessKey || !keys.SessionToken || !keys.Expiration)
      throw new CloudError('unavailable', `AWS let us assume ${roleArn}, but gave no keys for it.`);
    return {
      accessKeyId: keys.AccessKeyId,
      secretAccessKey: keys.SecretAccessKey,
      sessionToken: keys.SessionToken,
      expiration: keys.Expiration,
    };
  } catch (error) {
    throw refusedRole(roleArn, organizationId, error);
  } finally {
    sts.destroy();
  }
}

/** Shown in the account's own audit log: at most 64 of a few characters. */
const sessionName = (organizationId: string) =>
  `skein-${organizationId}`.replace(/[^\w+=,.@-]/g, '-').slice(0, 64);

/** Why a role could not be assumed: the trust is what people get wrong, so the words say which. */
function refusedRole(roleArn: string, organizationId: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/^AccessDenied/.test(error.name))
    return new CloudError('unauthenticated', `AWS does not let us assume ${roleArn}.`, {
      remedy: `Its trust policy must name Skein's own principal and the external id ${organizationId}.`,
      cause: { awsCode: error.name, requestId: null },
    });
  if (/^(InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|AuthFailure)/.test(error.name))
    return new CloudError('unauthenticated', 'AWS refused Skein’s own keys.', {
      remedy: 'Look at SKEIN_AWS_ACCESS_KEY_ID and SKEIN_AWS_SECRET_ACCESS_KEY.',
      cause: { awsCode: error.name, requestId: null },
    });
  return error;
}
